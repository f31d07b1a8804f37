import { onStopSignal, portSetting, readConfig, reportFailure, switchSetting } from '@bullpen/shared/internal';
import { z } from 'zod';
import { CLOSED_SHOP } from './orders/orders.js';
import { startReceiver } from './receiving/receiver.js';
import { webhookSecret } from './sending/webhook-config.js';

// No flags, as with the sender: it is started by a container, and its secret comes from the
// environment.
const settings = {
  secret: webhookSecret,
  host: { flag: 'RECEIVER_HOST', env: 'RECEIVER_HOST', schema: z.string().default('127.0.0.1') },
  port: { flag: 'RECEIVER_PORT', env: 'RECEIVER_PORT', schema: portSetting.default(0) },
  calm: { flag: 'RECEIVER_CALM', env: 'RECEIVER_CALM', schema: switchSetting },
};

/** Runs the demo's receiver as a process of its own, until it is told to stop. */
async function main(): Promise<void> {
  const { secret, host, port, calm } = readConfig(settings, {});
  const receiver = await startReceiver({ secret, host, port, mischief: !calm, gonePaths: [CLOSED_SHOP.path] });
  onStopSignal(() => void receiver.close());
  process.stdout.write(`receiver listens on ${receiver.url}; its books are at /books\n`);
}

await main().catch((error: unknown) => {
  process.exitCode = reportFailure('receiver', error);
});
