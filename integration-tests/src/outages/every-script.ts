import { openSource, type Producer } from '@bullpen/producer';
import { defineJob, type Events, JobRejected, JobSnoozed, SourceInvalid } from '@bullpen/shared';
import { type Context, handle } from '@bullpen/worker';
import type { Queue } from 'bullmq';
import { z } from 'zod';
import { sourceOf } from '../support/batch-source.js';
import type { SentScripts } from '../support/sent-scripts.js';
import { until } from '../support/until.js';
import type { World } from '../support/world.js';

const payload = z.object({ do: z.string(), key: z.string().optional() });
const backoff = (delay: number) => ({ type: 'fixed', delay, jitter: 0 }) as const;

const single = defineJob({ name: 'test.single', queue: 'scripts', payload, maxAttempts: 2, backoff: backoff(60_000) });
const hurried = defineJob({ name: 'test.hurried', queue: 'scripts', payload, maxAttempts: 2, backoff: backoff(0) });
const row = defineJob({ name: 'test.row', queue: 'scripts', payload, maxAttempts: 1 });
const shared = defineJob({
  ...{ name: 'test.shared', queue: 'shared', payload, maxAttempts: 2, backoff: backoff(60_000) },
  rowsPerJob: 4,
});

/** Handlers that go on when they are told to. */
class Script {
  readonly #gates = new Map<string, () => void>();
  readonly running = new Set<string>();

  /** Lets one handler that waits go on. */
  go(key: string): void {
    this.#gates.get(key)?.();
  }

  readonly handler = async ({ do: what, key = '' }: z.infer<typeof payload>, context: Context): Promise<string> => {
    this.running.add(key);
    switch (what) {
      case 'fail':
        throw new Error('boom');
      case 'reject':
        throw new JobRejected('not this one');
      case 'snooze':
        throw new JobSnoozed({ in: '1h' });
      case 'progress':
        await context.progress({ half: true });
        return 'done';
      case 'wait':
        await new Promise<void>((resolve, reject) => {
          this.#gates.set(key, resolve);
          context.signal.addEventListener('abort', () => reject(context.signal.reason));
        });
        return 'done';
      default:
        return 'done';
    }
  };
}

const rows = (...dos: string[]) => dos.map((one, at) => ({ do: one, key: `row-${at}` }));

/**
 * Has a worker and a producer send every script that they know, each in all its ways.
 * @param events which events the queues tell; all, so that each script has all its commands
 */
export async function sendEveryScript(world: World, scripts: SentScripts, events: Events = 'all'): Promise<void> {
  const { redis, prefix } = world;
  const producer = world.producer({ events });
  const queue = world.queue(single.queue);
  const base = `${prefix}:${single.queue}:`;
  const script = new Script();

  await enqueueAll(world, producer, queue);
  const handlers = [single, hurried, row].map((job) => handle(job, script.handler));
  const worker = world.worker({
    ...{ handlers: [...handlers, handle(shared, script.handler)], concurrency: 2, lease: '4s' },
    ...{ drainTimeout: 10_000, abortGrace: 10_000, keepCompleted: { count: 100 }, events },
  });
  await worker.ready;
  const isSent = (name: string) => () => scripts.names.has(name);
  await until('all that was enqueued to have ended', async () => {
    const counts = await queue.getJobCounts('wait', 'active', 'prioritized');
    return Object.values(counts).every((count) => count === 0) && isSent('bullpenSplitRows')();
  });

  // Two suspects: the second one is put off as long as the first one is tried.
  await queue.pause();
  for (const jobId of ['suspect-1', 'suspect-2']) {
    await queue.add(single.name, { do: 'wait', key: jobId }, { jobId });
    await redis.hset(`${base}${jobId}`, 'bullpen.suspect', '60000');
  }
  await queue.resume();
  await until('a suspect to be put off', isSent('bullpenPutOff'));
  await until('a lease to be renewed', () =>
    scripts.sent.some(
      ({ name, args, answer }) => name === 'bullpenRenew' && args.length > 6 && /^h+$/.test(String(answer)),
    ),
  );
  await until('the first suspect to run', () => script.running.has('suspect-1'));
  expectRequested(await producer.cancel(single, 'suspect-1'));
  await until('the second suspect to run', () => script.running.has('suspect-2'));
  script.go('suspect-2');

  await manage(world, producer, queue);

  // As at the end of a process.
  worker.process.handBackAll();
  await producer.enqueue(single, { do: 'wait', key: 'last' });
  await until('the last job to run', () => script.running.has('last'));
  worker.process.abortNow();
  await worker.drain();
}

// biome-ignore lint/correctness/useYield: it throws before it has anything to give
async function* fail(error: Error): AsyncGenerator<never> {
  throw error;
}

function expectRequested(answer: string): void {
  if (answer !== 'requested') throw new Error(`expected 'requested', got '${answer}'`);
}

async function enqueueAll(world: World, producer: Producer, queue: Queue): Promise<void> {
  const { redis, prefix } = world;
  for (const one of ['return', 'fail', 'reject', 'snooze', 'progress']) await producer.enqueue(single, { do: one });
  await producer.enqueue(hurried, { do: 'fail' });
  await producer.enqueue(single, { do: 'return' }, { key: 'a' });
  await producer.enqueue(single, { do: 'return' }, { key: 'a' });
  await producer.enqueueMany(single, rows('return', 'return'));
  await queue.add(single.name, {}, { jobId: 'malformed' });
  await redis.hset(`${prefix}:${queue.name}:malformed`, 'data', '{');
  await queue.upsertJobScheduler('hourly', { every: 3_600_000 }, { name: single.name, data: { do: 'return' } });

  await producer.batches.run(row, { name: 'rows', source: sourceOf(rows('return', 'return', 'reject')) });
  await producer.batches.run(row, {
    name: 'kept',
    source: sourceOf(rows('return', 'fail')),
    results: true,
    keyField: 'key',
  });
  const bad = [...rows('return', 'fail', 'reject'), { do: 5 }, ...rows('snooze')];
  await producer.batches.run(shared, { name: 'shared', source: sourceOf(bad), results: true });
  // As if a worker had fetched it before.
  await redis.hset(`${prefix}:${shared.queue}:b-shared-1_5`, 'ats', 1);
  await producer.batches.show({ name: 'rows' });
}

async function manage(world: World, producer: Producer, queue: Queue): Promise<void> {
  const delay = '1h';
  const { id } = await producer.enqueue(single, { do: 'return' }, { delay });
  await producer.cancel(single, id);
  await producer.batches.retry(row, { name: 'kept' });
  const source = await openSource(
    await world.file('rows.csv', 'do,key\nreturn,k-1\nreturn,k-2\n'),
    undefined,
    process.stdin,
  );
  await producer.batches.run(row, { name: 'late', source, keyField: 'key', delay });
  await producer.batches.run(row, { name: 'gone', source: sourceOf(rows('return', 'return')), delay });
  await producer.batches.show({ name: 'late' });
  await producer.batches.list();
  await queue.remove('b-gone-1');
  await producer.batches.repair({ name: 'gone', settle: true });
  await producer.batches.run(shared, { name: 'whole', source: sourceOf(rows('return')), delay });
  await producer.batches.repair({ name: 'whole', settle: true });
  await producer.batches.cancel({ name: 'late' });
  const unreadable = { ...sourceOf([]), blocks: fail(new SourceInvalid('not a source')) };
  await producer.batches.run(row, { name: 'none', source: unreadable }).catch(() => undefined);
}
