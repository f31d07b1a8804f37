import type { Logger } from '@bullpen/shared';
import type { Redis } from '@bullpen/shared/internal';
import { expect, it } from 'vitest';
import { BoardQueues } from './queues.js';

/** What is logged when looks for queues fail in this way. */
async function loggedFor(error: Error): Promise<unknown[]> {
  const logged: unknown[] = [];
  let looks = 0;
  let seen = (): void => undefined;
  const looked = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const scan = async (): Promise<never> => {
    looks += 1;
    if (looks === 3) seen();
    throw error;
  };
  const queues = new BoardQueues({
    redis: { status: 'ready', scan, defineCommand: () => undefined } as unknown as Redis,
    ...{ prefix: 'bullpen', discoverEveryMs: 1, added: () => undefined, removed: () => undefined },
    log: { warn: (_: object, message: string) => logged.push(message) } as unknown as Logger,
  });
  queues.start();
  await looked;
  await queues.close();
  return logged;
}

it('a look for queues that fails is logged once, and never in an outage, which is logged itself', async () => {
  expect(await loggedFor(new Error('NOPERM'))).toEqual(['looking for queues failed']);
  expect(await loggedFor(Object.assign(new Error('retries'), { name: 'MaxRetriesPerRequestError' }))).toEqual([]);
});
