import { existsSync, readFileSync } from 'node:fs';
import { handle, type RunningWorker } from '@bullpen/worker';
import { describe, expect } from 'vitest';
import { precious } from '../fixtures/jobs.js';
import { until } from '../support/until.js';
import { type LedgerEntry, test, type World } from '../support/world.js';

/** Enough for a worker to learn that they are quick, and to be in their midst when it is told to stop. */
const MANY = 3_000;
/** So many jobs a worker must hold ahead before a test goes on. */
const SOME = 10;
/** Two instants of the ledger are whole milliseconds. */
const ROUNDING_MS = 1;
/** For so long the end of a job may be on its way while its slot is used for the next one. */
const UNRECORDED_MS = 5;

/** Adds quick jobs, and answers with their ids, in their order. */
async function enqueueQuick(world: World, count: number, producer = world.producer()): Promise<string[]> {
  const jobs = Array.from({ length: count }, () => ({}));
  const added = await producer.enqueueMany(precious, jobs);
  return added.map((one) => {
    if (one.status === 'rejected') throw new Error('a job was rejected');
    return one.id;
  });
}

/** The jobs that wait, the next one first. */
const waiting = async ({ redis, prefix }: World): Promise<string[]> =>
  (await redis.lrange(`${prefix}:precious:wait`, 0, -1)).reverse();

/**
 * A worker with one slot, whose handlers are quick until it holds some jobs ahead; on a busy machine
 * that takes a while. The job that runs then does what the test says.
 */
async function holding(world: World, then: (held: readonly string[], worker: RunningWorker, begun: number) => unknown) {
  const ids: string[] = [];
  const begun = new Set<string>();
  let repeated = 0;
  let isHolding = false;
  const worker = world.worker({
    ...{ concurrency: 1, lease: '2s', drainTimeout: '10s' },
    handlers: [
      handle(precious, (_, { jobId }) => {
        if (begun.has(jobId)) repeated += 1;
        begun.add(jobId);
        if (isHolding) return undefined;
        const held = worker.process.activeJobIds().filter((id) => !begun.has(id));
        if (held.length < SOME) return undefined;
        isHolding = true;
        return then(held, worker, begun.size) as never;
      }),
    ],
  });
  const producer = world.producer();
  await until('a worker to hold jobs ahead', async () => {
    if (!isHolding && (await waiting(world)).length < 500) ids.push(...(await enqueueQuick(world, 1_000, producer)));
    return isHolding;
  });
  return { worker, ids, begun, repeated: () => repeated };
}

describe('jobs that are held ahead', () => {
  test('go back in order when a worker drains: no handler starts', async ({ world }) => {
    let held: readonly string[] = [];
    let begunBefore = 0;
    const { worker, ids, begun, repeated } = await holding(world, (ahead, worker, count) => {
      held = ahead;
      begunBefore = count;
      void worker.drain();
    });
    const summary = await worker.drain();
    expect([begun.size, repeated()]).toEqual([begunBefore, 0]);
    expect(await waiting(world)).toEqual(ids.filter((id) => !begun.has(id)));
    expect(summary).toMatchObject({ cutOff: 0, handedBack: 0 });
    // A turn on its way may have brought more.
    expect(summary.notStarted).toBeGreaterThanOrEqual(held.length);
    expect(summary.sinceStart).toMatchObject({ completed: begunBefore, failed: 0, unrecorded: 0 });
  });

  test('go back in order at SIGTERM: no handler starts after it was heard', async ({ world }) => {
    const ids = await enqueueQuick(world, MANY);
    const process = world.workerProcess(['--queue', 'precious', '--concurrency', '2']);
    await world.started(300);
    process.kill('SIGTERM');
    expect((await process.ended).code).toBe(0);
    const starts = world.ledger().filter(({ event }) => event === 'start');
    expect(starts.length).toBeLessThan(MANY);
    const started = new Set(starts.map(({ jobId }) => jobId));
    expect(started.size).toBe(starts.length);
    expect(await waiting(world)).toEqual(ids.filter((id) => !started.has(id)));
    const told = (await process.logged('worker was told to stop; draining'))['time'];
    const stopped = await process.logged('worker stopped');
    expect(Math.max(...starts.map(({ at }) => at))).toBeLessThanOrEqual(
      new Date(told as string).getTime() + ROUNDING_MS,
    );
    expect(stopped).toMatchObject({ cutOff: 0, handedBack: 0, sinceStart: { completed: starts.length } });
  });

  test('go back when the job that runs becomes slow, and an idle worker runs them', async ({ world }) => {
    let letGo = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    world.onClose(async () => letGo());
    const { ids, begun, repeated } = await holding(world, () => gate);
    const count = ids.length;
    const begunByOther: string[] = [];
    const handler = handle(precious, (_, { jobId }) => {
      begunByOther.push(jobId);
      return undefined;
    });
    world.worker({ handlers: [handler], concurrency: 1 });
    const queue = world.queue('precious');
    await until('all other jobs to be completed', async () => (await queue.getCompletedCount()) === count - 1);
    // Nobody repeated one, and the slow one still runs.
    expect(repeated()).toBe(0);
    expect([...begun, ...begunByOther].toSorted()).toEqual(ids.toSorted());
    expect(await queue.getActiveCount()).toBe(1);
    letGo();
    await until('the slow job to be completed', async () => (await queue.getCompletedCount()) === count);
  });

  test('stay with a process whose loop is blocked until its leases end, and are then run once', async ({ world }) => {
    const other = world.workerProcess(['--queue', 'precious', '--lease', '2s', '--concurrency', '1']);
    await other.logged('worker ready');
    let blockedAt = 0;
    let held: readonly string[] = [];
    const { ids, begun, repeated } = await holding(world, (ahead) => {
      held = ahead;
      blockedAt = Date.now();
      // Until the other worker has begun one of them. It blocks the loop of this process.
      for (let naps = 0; naps < 600 && !mentions(world, held); naps += 1) nap();
    });
    const queue = world.queue('precious');
    await until('all jobs to be completed', async () => (await queue.getCompletedCount()) === ids.length);
    expect(repeated()).toBe(0);
    const byOther = world.ledger().filter(({ event }) => event === 'start');
    const firstHeld = byOther.find(({ jobId }) => held.includes(jobId));
    // The lease was renewed less than a second before.
    expect((firstHeld?.at ?? 0) - blockedAt).toBeGreaterThan(900);
    const all = [...begun, ...byOther.map(({ jobId }) => jobId)].filter((id) => held.includes(id));
    expect(all.toSorted()).toEqual(held.toSorted());
  });
});

/** Whether the ledger names one of these jobs. */
function mentions({ ledgerPath }: World, ids: readonly string[]): boolean {
  if (!existsSync(ledgerPath)) return false;
  const text = readFileSync(ledgerPath, 'utf8');
  return ids.some((id) => text.includes(id));
}

function nap(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
}

describe('a process that is killed while it attempts quick jobs', () => {
  const SLOTS = 10;

  /**
   * Kills a process, and has another one attempt what is left. Answers with what the first one did,
   * and with the jobs that it began and the other one began again.
   */
  async function killed(world: World, flags: readonly string[]) {
    const ids = await enqueueQuick(world, MANY);
    const args = ['--queue', 'precious', '--concurrency', String(SLOTS), '--lease', '1s', ...flags];
    const first = world.workerProcess(args);
    await world.started(300);
    first.kill('SIGKILL');
    await first.ended;
    const done = world.ledger();
    const firstPid = done[0]?.pid;
    const queue = world.queue('precious');
    world.workerProcess(args);
    await until('all jobs to be completed', async () => (await queue.getCompletedCount()) === ids.length);
    const again = new Set(
      world
        .ledger()
        .filter(({ event, pid }) => event === 'start' && pid !== firstPid)
        .map(({ jobId }) => jobId),
    );
    const begun = done.filter(({ event }) => event === 'start');
    expect(begun.length).toBeLessThan(ids.length);
    return { done, begun, repeated: begun.filter(({ jobId }) => again.has(jobId)) };
  }

  test('repeats at most what was in its slots, and what ended in its last 5 ms', async ({ world }) => {
    const { done, begun, repeated } = await killed(world, []);
    const lastBegun = Math.max(...begun.map(({ at }) => at));
    const isRecent = ({ event, at }: LedgerEntry): boolean =>
      event === 'end' && at >= lastBegun - UNRECORDED_MS - ROUNDING_MS;
    expect(repeated.length).toBeLessThanOrEqual(SLOTS + done.filter(isRecent).length);
  });

  test('repeats at most what was in its slots, when it fetches nothing ahead', async ({ world }) => {
    const { repeated } = await killed(world, ['--fetch-ahead', '0']);
    expect(repeated.length).toBeLessThanOrEqual(SLOTS);
  });
});
