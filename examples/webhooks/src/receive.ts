import { z } from 'zod';
import { CLOSED_SHOP } from './orders/orders.js';
import { readEnvironment } from './read-environment.js';
import { startReceiver } from './receiving/receiver.js';
import { webhookSecret } from './sending/webhook-config.js';

const PORT = 'expected a port from 0 to 65535';

// No flags, as with the sender: a container starts it, and its secret comes from the environment.
const variables = z.object({
  WEBHOOK_SECRET: webhookSecret,
  RECEIVER_HOST: z.string().default('127.0.0.1'),
  RECEIVER_PORT: z.coerce.number(PORT).int(PORT).min(0, PORT).max(65_535, PORT).default(0),
  RECEIVER_CALM: z
    .stringbool({ truthy: ['1', 'true'], falsy: ['0', 'false'], error: 'expected 1 or 0' })
    .default(false),
});

/** Runs the demo's receiver as a process of its own, until a signal stops it. */
async function main(): Promise<void> {
  const read = readEnvironment(variables);
  const receiver = await startReceiver({
    ...{ secret: read.WEBHOOK_SECRET, host: read.RECEIVER_HOST, port: read.RECEIVER_PORT },
    ...{ mischief: !read.RECEIVER_CALM, gonePaths: [CLOSED_SHOP.path] },
  });
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => void receiver.close());
  process.stdout.write(`receiver listens on ${receiver.url}; its books are at /books\n`);
}

await main().catch((error: unknown) => {
  process.stderr.write(`receiver: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
