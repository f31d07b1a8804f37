import { defineJob, QueueFull } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CHUNK_JOBS } from './chunk.js';
import { type EnqueueManyDeps, enqueueMany } from './enqueue-many.js';
import { EnqueueStopped } from './enqueue-stopped.js';
import type { SingleJob } from './insert-jobs.js';
import type { JobAnswer } from './insert-reply.js';

const full: JobAnswer = { kind: 'full', waiting: 1 };
const options = { delayMs: 0, priority: 0, expiresAt: undefined, maxWaiting: 1 };
const job = defineJob({ name: 'many.test', queue: 'many', payload: z.object({ id: z.number() }) });

/** An insert that adds each key once, as Redis would. Records the chunks. */
function inserting() {
  const chunks: string[][] = [];
  const known = new Set<string>();
  const insert = async (rows: readonly SingleJob[]): Promise<JobAnswer[]> => {
    chunks.push(rows.map(({ data }) => data));
    return rows.map(({ key }, at): JobAnswer => {
      if (key === undefined) return { kind: 'ok', enqueued: { status: 'added', id: `j-${at}` } };
      const status = known.has(key) ? 'duplicate' : 'added';
      known.add(key);
      return { kind: 'ok', enqueued: { status, id: `k-${key}` } };
    });
  };
  return { chunks, insert };
}

/** What ends a call in its second chunk, and how the error says so. */
interface Ending {
  readonly insert?: EnqueueManyDeps['insert'];
  readonly last?: () => Promise<unknown>;
  readonly message: RegExp;
}

const enqueue = (payloads: Iterable<unknown> | AsyncIterable<unknown>, more: Partial<EnqueueManyDeps> = {}) =>
  enqueueMany(payloads, {
    ...{ job, key: undefined, options, signal: undefined, insert: inserting().insert },
    ...more,
  });

const payloads = (count: number) => Array.from({ length: count }, (_, id) => ({ id }));
const keyOf = (({ id }: { id: number }) => String(id)) as NonNullable<EnqueueManyDeps['key']>;

describe('enqueueMany', () => {
  it('answers for each payload in order, also for rejected ones, over several chunks', async () => {
    const { chunks, insert } = inserting();
    const mixed = payloads(2 * CHUNK_JOBS + 5).map((payload) => (payload.id % 10 === 3 ? { id: 'x' } : payload));
    const answers = await enqueue(mixed, { insert });
    expect(answers).toHaveLength(mixed.length);
    for (const [at, answer] of answers.entries()) {
      if (at % 10 === 3) expect(answer).toMatchObject({ status: 'rejected', faults: [{ path: 'id' }] });
      else expect(answer).toEqual({ status: 'added', id: expect.stringMatching(/^j-/) });
    }
    expect(chunks.map((rows) => rows.length)).toEqual([CHUNK_JOBS, 805 - 1]);
  });

  it('hands on the key of each payload, and answers what became of it', async () => {
    const answers = await enqueue([{ id: 1 }, { id: 2 }, { id: 1 }], { key: keyOf });
    expect(answers).toEqual([
      { id: 'k-1', status: 'added' },
      { id: 'k-2', status: 'added' },
      { id: 'k-1', status: 'duplicate' },
    ]);
  });

  it('refuses a key that is no key, also undefined', async () => {
    for (const key of ['', undefined]) {
      await expect(enqueue([{ id: 1 }], { key: () => key as string })).rejects.toThrow(/cannot enqueue.*key: expected/);
    }
  });

  it('fails at once when a chunk fails, also while no more payloads come', async () => {
    async function* silent(): AsyncGenerator<unknown> {
      yield* payloads(CHUNK_JOBS + 1);
      await new Promise(() => undefined);
    }
    const insert = () => Promise.reject(new Error('redis is away'));
    await expect(enqueue(silent(), { insert })).rejects.toThrow('redis is away');
  });

  it('returns an empty list for no payloads', async () => {
    const { chunks, insert } = inserting();
    expect(await enqueue([], { insert })).toEqual([]);
    expect(chunks).toEqual([]);
  });

  it('waits for room, and throws QueueFull only after the signal aborts', async () => {
    const { insert } = inserting();
    let looks = 0;
    const soon = async (rows: readonly SingleJob[]): Promise<JobAnswer[]> => {
      looks += 1;
      return looks < 3 ? [full] : insert(rows);
    };
    expect(await enqueue(payloads(2), { insert: soon })).toHaveLength(2);
    const stopped = enqueue(payloads(2), {
      ...{ insert: async () => [full], signal: AbortSignal.abort() },
    });
    await expect(stopped).rejects.toMatchObject({ cause: expect.any(QueueFull) });
    await expect(stopped).rejects.toThrow("queue 'many' is full: 1 jobs or more wait on it");
  });

  it.each<[string, Ending]>([
    ['the queue stays full', { insert: async () => [full], message: /is full/ }],
    ['Redis is away', { insert: () => Promise.reject(new Error('away')), message: /away/ }],
    ['the source fails', { last: () => Promise.reject(new Error('EIO')), message: /EIO/ }],
    ['a key is no key', { last: async () => ({ id: -1 }), message: /key: expected/ }],
  ])('gives the answers until then when %s in the middle', async (_, { insert: second, last, message }) => {
    const { insert, chunks } = inserting();
    async function* source(): AsyncGenerator<unknown> {
      yield* payloads(CHUNK_JOBS - 1);
      yield { id: 'x' };
      yield { id: 1_000 };
      while (chunks.length === 0) await new Promise((resolve) => setImmediate(resolve));
      if (last === undefined) yield* payloads(CHUNK_JOBS);
      else yield await last();
    }
    const key = ({ id }: { id: number }): string => (id < 0 ? '' : `${id}`);
    const calls =
      second === undefined ? insert : (rows: readonly SingleJob[]) => (chunks.length === 0 ? insert : second)(rows);
    const stopped = await enqueue(source(), {
      ...{ key: key as never, insert: calls, signal: AbortSignal.abort() },
    }).catch((error: unknown) => error as EnqueueStopped);
    expect(stopped).toBeInstanceOf(EnqueueStopped);
    const { message: said, answers } = stopped as EnqueueStopped;
    expect(said).toMatch(message);
    expect(said).toMatch(/1000 added, \d+ duplicate, 1 rejected/);
    expect(answers.slice(0, CHUNK_JOBS).filter((answer) => answer?.status === 'added')).toHaveLength(CHUNK_JOBS - 1);
    expect(answers[CHUNK_JOBS - 1]).toMatchObject({ status: 'rejected' });
  });

  it('has no chunk on its way any more when it fails, for whatever reason', async () => {
    let underWay = 0;
    const { insert } = inserting();
    const slow = async (rows: readonly SingleJob[]): Promise<JobAnswer[]> => {
      underWay += 1;
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      return insert(rows);
    };
    function* failing(): Generator<{ id: number }> {
      yield* payloads(CHUNK_JOBS + 1);
      throw new Error('the source failed');
    }
    await expect(enqueue(failing(), { insert: slow })).rejects.toThrow('the source failed');
    expect(underWay).toBe(0);
    const away = enqueue(payloads(5), { insert: () => Promise.reject(new Error('redis is away')) });
    await expect(away).rejects.toThrow('redis is away');
  });
});
