import { defineJob } from '@bullpen/shared';
import { hashKey } from '@bullpen/shared/internal';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ChunkOptions } from './chunk.js';
import { prepareJobs, type SingleJob } from './insert-jobs.js';
import type { JobSettings } from './job-opts.js';
import type { ProducerRedis } from './producer-redis.js';

const job = defineJob({
  ...{ name: 'insert.test', queue: 'mail', payload: z.unknown(), maxAttempts: 7 },
  backoff: { type: 'exponential', delay: '2s', maxDelay: '1m', jitter: 0.5 },
});
const other = defineJob({ name: 'insert.other', queue: 'mail', payload: z.unknown() });
const expiring = defineJob({ name: 'insert.expiring', queue: 'mail', payload: z.unknown(), expiresIn: '1h' });

const options: ChunkOptions = { delayMs: 0, priority: 0, expiresAt: undefined, maxWaiting: undefined };
const plain: SingleJob = { job, options, data: '{"n":1}' };

/** A connection that has only the insert of jobs. Answers these lines, and records the arguments. */
function redisAnswering(...lines: string[]) {
  const calls: string[][] = [];
  const bullpenInsertJobs = async (...args: (string | number | Buffer)[]): Promise<string> => {
    calls.push(args.map(String));
    return lines.join('\n');
  };
  return { redis: { bullpenInsertJobs } as unknown as ProducerRedis, calls };
}

const prepare = (jobs: readonly SingleJob[], isWhole = false) =>
  prepareJobs({ prefix: 'shop', queue: 'mail', jobs, isWhole });

interface Told {
  readonly whole: boolean;
  readonly runs: readonly number[];
  readonly settings: readonly JobSettings[];
}

/** What the script is told of the jobs, and their ids. */
async function toldOf(jobs: readonly SingleJob[], isWhole = false): Promise<{ told: Told; ids: string[] }> {
  const { redis, calls } = redisAnswering('a'.repeat(jobs.length), '0', '5');
  await prepare(jobs, isWhole)(redis);
  const [, told = '', ids = ''] = calls[0] ?? [];
  return { told: JSON.parse(told) as Told, ids: ids.trimEnd().split('\n') };
}

/** The settings of one job, and its opts as the script puts them together. */
async function settingsOf(more: Partial<ChunkOptions> = {}, of = job) {
  const { told } = await toldOf([{ job: of, options: { ...options, ...more }, data: '1' }]);
  const [settings] = told.settings as [JobSettings];
  return { ...settings, opts: JSON.parse(settings.opts.join('')) as Record<string, unknown> };
}

describe('prepareJobs', () => {
  it('sends a key of the queue, the settings, the ids and the payloads', async () => {
    const { redis, calls } = redisAnswering('aa', '0', '5');
    await prepare([plain, { ...plain, data: '"two"' }])(redis);
    const [wait, told = '', ids, payloads, ...rest] = calls[0] ?? [];
    expect(wait).toBe('shop:mail:wait');
    expect(JSON.parse(told)).toMatchObject({
      whole: false,
      runs: [1, 2],
      settings: [{ name: 'insert.test', delay: 0 }],
    });
    expect(ids).toMatch(/^j-[0-9a-f-]{36}\nj-[0-9a-f-]{36}\n$/);
    expect([payloads, rest]).toEqual(['{"n":1}\n"two"\n', []]);
  });

  it('sends settings that several jobs have once, whatever their order and definitions', async () => {
    const later = { ...options, delayMs: 5 };
    const jobs: SingleJob[] = [
      ...[plain, plain, { ...plain, job: other }, { ...plain, options: later }],
      ...[
        { ...plain, options: { ...options } },
        { ...plain, job: other },
      ],
    ];
    const { told } = await toldOf(jobs);
    expect(told.runs).toEqual([1, 2, 2, 1, 3, 1, 1, 1, 2, 1]);
    expect(told.settings.map(({ name, delay }) => [name, delay])).toEqual([
      ...[
        ['insert.test', 0],
        ['insert.other', 0],
        ['insert.test', 5],
      ],
    ]);
  });

  it('writes opts in the words of BullMQ, so that a stock worker can follow them', async () => {
    expect((await settingsOf()).opts).toEqual({
      attempts: 7,
      backoff: { type: 'exponential', delay: 2_000, jitter: 0.5 },
    });
  });

  it('writes opts of at most 64 bytes with the defaults, so that Redis stores the job in its small form', async () => {
    const { told } = await toldOf([{ ...plain, job: other }]);
    const opts = told.settings[0]?.opts.join('') ?? '';
    expect(JSON.parse(opts)).toEqual({ attempts: 10, backoff: { type: 'exponential', delay: 1_000 } });
    expect(opts.length).toBeLessThanOrEqual(64);
  });

  it('writes delay, priority and expiry only when there are some', async () => {
    expect((await settingsOf({ delayMs: 10, priority: 2, expiresAt: 1_800_000_000_000 })).opts).toMatchObject({
      ...{ delay: 10, priority: 2, bullpen: { expiresAt: 1_800_000_000_000 } },
    });
  });

  it('leaves to the script what depends on the time, and prefers an expiry of the call to that of the job', async () => {
    const inScript = { bullpen: { expiresAt: null } };
    expect(await settingsOf({}, expiring)).toMatchObject({ delay: 0, expiresIn: 3_600_000, opts: inScript });
    expect(await settingsOf({ dueAt: 5 }, expiring)).toMatchObject({ dueAt: 5, opts: { delay: null, ...inScript } });
    expect(await settingsOf({ expiresInMs: 5, delayMs: 60 }, expiring)).toMatchObject({
      ...{ delay: 60, expiresIn: 5, opts: { delay: 60, ...inScript } },
    });
    const given = await settingsOf({ expiresAt: 7 }, expiring);
    expect(given).toMatchObject({ expiresAt: 7, opts: { bullpen: { expiresAt: 7 } } });
    expect(given.expiresIn).toBeUndefined();
  });

  it('makes the id of a job from its key, with a mark that no other job has', async () => {
    const { ids } = await toldOf(['a', 'b', 'a'].map((key) => ({ ...plain, key })));
    const marks = ids.map((id) => id.split('-').at(-1) as string);
    expect(ids.map((id, at) => id.replace(marks[at] as string, ''))).toEqual(
      ['a', 'b', 'a'].map((key) => `k-${key}-${hashKey(job.name, key)}-`),
    );
    expect(new Set(marks).size).toBe(3);
  });

  it('sends exactly the same when it is sent again, and tells the script that it was sent before', async () => {
    for (const jobs of [[plain], [plain, plain]]) {
      const { redis, calls } = redisAnswering('a'.repeat(jobs.length), '0', '5');
      const send = prepare(jobs);
      for (let time = 1; time <= 3; time += 1) await send(redis);
      const same = calls[0]?.slice(0, 4) ?? [];
      expect(calls.slice(1)).toEqual([
        [...same, 'again'],
        [...same, 'again'],
      ]);
    }
  });

  it('tells the script name and opts of a plain job that is alone, so that it need not read settings', async () => {
    const more = async (...jobs: SingleJob[]) => {
      const { redis, calls } = redisAnswering('a'.repeat(jobs.length), '0', '5');
      await prepare(jobs)(redis);
      return calls[0]?.slice(4);
    };
    const opts = '{"attempts":10,"backoff":{"type":"exponential","delay":1000}}';
    expect(await more({ ...plain, job: other })).toEqual(['', 'insert.other', opts]);
    expect(await more(plain, plain)).toEqual([]);
    expect(await more({ ...plain, key: 'k' })).toEqual([]);
    expect(await more({ ...plain, job: expiring })).toEqual([]);
    const special = [
      { delayMs: 1 },
      { dueAt: 1 },
      { priority: 1 },
      { expiresAt: 1 },
      { expiresInMs: 1 },
      { maxWaiting: 1 },
    ];
    for (const given of special) expect(await more({ ...plain, options: { ...options, ...given } })).toEqual([]);
  });

  it('answers for each job: its own id, the id that holds its key, or why it was refused', async () => {
    const { redis, calls } = redisAnswering('adfmxd', '7', '99', 'k-x', 'b-november-7');
    const answers = await prepare(Array.from({ length: 6 }, () => ({ ...plain, key: 'k' })))(redis);
    expect(answers).toEqual([
      { kind: 'ok', enqueued: { status: 'added', id: calls[0]?.[2]?.split('\n')[0] } },
      { kind: 'ok', enqueued: { status: 'duplicate', id: 'k-x' } },
      ...[{ kind: 'full', waiting: 7 }, { kind: 'mixed' }, { kind: 'expired', now: 99 }],
      { kind: 'ok', enqueued: { status: 'duplicate', id: 'b-november-7' } },
    ]);
  });

  it('answers once for a whole chunk that was refused', async () => {
    const { redis, calls } = redisAnswering('f', '7', '99');
    expect(await prepare([plain, plain], true)(redis)).toEqual([{ kind: 'full', waiting: 7 }]);
    expect(JSON.parse(calls[0]?.[1] ?? '')).toMatchObject({ whole: true });
  });
});
