import type { Facts } from '../facts.js';
import type { Life } from '../life.js';

/** For how long in all the machine kept a worker, or what it depends on, waiting since it was told to stop. */
export function waitedWhileStopping({ pid, startedAt, exitedAt, sent }: Life, { waits }: Pick<Facts, 'waits'>): number {
  const since = sent.find(({ signal }) => signal === 'SIGTERM')?.at ?? startedAt;
  return waits
    .filter((wait) => (wait.pid === undefined || wait.pid === pid) && wait.at >= since && wait.at <= exitedAt)
    .reduce((sum, { ms }) => sum + ms, 0);
}
