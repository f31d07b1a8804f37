import { describe, expect, it } from 'vitest';
import type { Redis } from '../redis/redis.js';
import { DEPTH_METRICS, type QueueDepth, readQueueDepth } from './queue-depth.js';

const NOW = 1_900_000_000_000;

interface Waiting {
  readonly timestamp?: number | string;
  readonly processedOn?: number;
  readonly opts?: string;
}

/**
 * How long the next job of a queue has waited when these jobs wait. Each list is in the order in
 * which workers fetch the jobs.
 */
async function oldestOf(wait: readonly Waiting[], prioritized: readonly Waiting[] = []): Promise<number | undefined> {
  const jobs = new Map<string, Waiting>();
  for (const [at, job] of [...wait, ...prioritized].entries()) jobs.set(`p:mail:j-${at}`, job);
  const counts = [wait.length, 0, prioritized.length, 0, 0, 0, 0, [null, '9', '7', '8']];
  const chain = { llen: () => chain, zcard: () => chain, hmget: () => chain, exec: async () => counts.map(reply) };
  const redis = {
    pipeline: () => chain,
    lindex: async (key: string, at: number) => (wait.length > 0 && key === 'p:mail:wait' && at === -1 ? 'j-0' : null),
    zrange: async () => (prioritized.length > 0 ? [`j-${wait.length}`] : []),
    hmget: async (key: string, ...fields: (keyof Waiting)[]) => fields.map((field) => jobs.get(key)?.[field] ?? null),
    time: async () => [NOW / 1000, 0],
  };
  return (await readQueueDepth(redis as unknown as Redis, 'p', 'mail')).oldestWaitingMs;
}

const reply = <T>(count: T): [null, T] => [null, count];

describe('how long the next job has waited', () => {
  it('is 0 when no job waits', async () => {
    expect(await oldestOf([])).toBe(0);
  });

  it('counts from when it was enqueued, became due or was last fetched, whichever was last', async () => {
    expect(await oldestOf([{ timestamp: NOW - 5_000 }, { timestamp: NOW }])).toBe(5_000);
    expect(await oldestOf([{ timestamp: NOW - 5_000, opts: '{"delay":3000}' }])).toBe(2_000);
    expect(await oldestOf([{ timestamp: NOW - 5_000, opts: '{"delay":3000}', processedOn: NOW - 500 }])).toBe(500);
  });

  it('is that of a job with a priority only when no other job waits', async () => {
    const prioritized = [{ timestamp: NOW - 9_000 }];
    expect(await oldestOf([{ timestamp: NOW - 5_000 }], prioritized)).toBe(5_000);
    expect(await oldestOf([], prioritized)).toBe(9_000);
  });

  it('is never negative: another client has a clock of its own', async () => {
    expect(await oldestOf([{ timestamp: NOW + 60_000 }])).toBe(0);
  });

  it('ignores fields that some other client stored wrongly', async () => {
    expect(await oldestOf([{ timestamp: NOW - 5_000, opts: '{' }])).toBe(5_000);
    expect(await oldestOf([{ timestamp: NOW - 5_000, opts: 'null' }])).toBe(5_000);
    expect(await oldestOf([{ timestamp: NOW - 5_000, opts: '{"delay":"soon"}' }])).toBe(5_000);
    expect(await oldestOf([{ timestamp: 'yesterday' }])).toBe(0);
  });

  it('is not known when a worker took the job while we looked', async () => {
    expect(await oldestOf([{}])).toBeUndefined();
  });
});

describe('DEPTH_METRICS', () => {
  it('report each number of a queue by state, in base units, and leave out what is not known', () => {
    const depth: QueueDepth = {
      ...{ queue: 'mail', paused: true, waiting: 1, prioritized: 2, delayed: 3, active: 4, completed: 5, failed: 6 },
      ...{ waitingChildren: 7, failedRows: 9, cancelled: 7, failedTrimmed: 8, oldestWaitingMs: 1_500 },
    };
    const told = (of: QueueDepth) =>
      DEPTH_METRICS.flatMap(({ name, samplesOf }) => samplesOf(of).map(({ labels, value }) => [name, labels, value]));
    const queue = 'mail';
    const states = {
      waiting: 1,
      prioritized: 2,
      delayed: 3,
      active: 4,
      'waiting-children': 7,
      completed: 5,
      failed: 6,
    };
    const jobs = Object.entries(states).map(([state, count]) => ['bullpen_queue_jobs', { queue, state }, count]);
    const rest = [...jobs, ['bullpen_queue_paused', { queue }, 1]];
    const counters = [
      ['bullpen_queue_failed_rows_total', { queue }, 9],
      ['bullpen_queue_cancelled_total', { queue }, 7],
      ['bullpen_queue_failed_trimmed_total', { queue }, 8],
    ];
    expect(told(depth)).toEqual([...rest, ['bullpen_queue_oldest_waiting_seconds', { queue }, 1.5], ...counters]);
    expect(told({ ...depth, oldestWaitingMs: undefined })).toEqual([...rest, ...counters]);
  });
});
