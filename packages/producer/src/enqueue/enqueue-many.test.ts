import { defineJob, QueueFull } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CHUNK_JOBS, type JobRow } from './chunk.js';
import { type EnqueueManyDeps, enqueueMany } from './enqueue-many.js';
import type { InsertReply } from './insert-reply.js';

const job = defineJob({ name: 'many.test', queue: 'many', payload: z.object({ id: z.number() }) });

/** An insert that adds each key once, as Redis would. Records the chunks. */
function inserting() {
  const chunks: string[][] = [];
  const known = new Set<string>();
  const insert = async (rows: readonly JobRow[]): Promise<InsertReply> => {
    chunks.push(rows.map(({ data }) => data));
    const jobs = rows.map(({ key }, at) => {
      if (key === undefined) return { status: 'added', id: `j-${at}` } as const;
      const status = known.has(key) ? 'duplicate' : 'added';
      known.add(key);
      return { status, id: `k-${key}` } as const;
    });
    return { kind: 'ok', answers: jobs.map(({ status }) => status), jobs, counts: undefined };
  };
  return { chunks, insert };
}

const enqueue = (payloads: Iterable<unknown> | AsyncIterable<unknown>, more: Partial<EnqueueManyDeps> = {}) =>
  enqueueMany(payloads, {
    ...{ job, key: undefined, maxWaiting: undefined, signal: undefined, insert: inserting().insert },
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
    const soon = async (rows: readonly JobRow[]): Promise<InsertReply> => {
      looks += 1;
      return looks < 3 ? { kind: 'full' } : insert(rows);
    };
    expect(await enqueue(payloads(2), { insert: soon, maxWaiting: 1 })).toHaveLength(2);
    const stopped = enqueue(payloads(2), {
      ...{ insert: async () => ({ kind: 'full' }) as const, maxWaiting: 1, signal: AbortSignal.abort() },
    });
    await expect(stopped).rejects.toThrow(QueueFull);
    await expect(stopped).rejects.toThrow("queue 'many' is full: 1 jobs or more wait on it");
  });

  it('has no chunk on its way any more when it fails, for whatever reason', async () => {
    let underWay = 0;
    const { insert } = inserting();
    const slow = async (rows: readonly JobRow[]): Promise<InsertReply> => {
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
