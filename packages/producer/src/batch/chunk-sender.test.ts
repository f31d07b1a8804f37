import { BatchConflict, RedisUnavailable, SourceInvalid } from '@bullpen/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchRedis } from '../../test/batch-redis.js';
import type { Inserted, JobRow } from '../enqueue/insert.js';
import { type ChunkSeal, ChunkSender, type ChunkSending, SendingInterrupted } from './chunk-sender.js';

/** The checksum of the first rows of the one source of these tests. */
const checksumAt = (row: number): string => String(7 * row);

const sealOf = (from: number, to: number, more: Partial<ChunkSeal> = {}): ChunkSeal => ({
  ...{ from, to, fromChecksum: checksumAt(from), toChecksum: checksumAt(to), rejectedRows: [], isLast: false },
  checksums: Array.from({ length: to - from }, (_, at) => Number(checksumAt(from + at + 1))),
  ...more,
});

/** The rows from here to there, without those that were rejected. */
const rowsOf = ({ from, to, rejectedRows }: ChunkSeal): JobRow[] =>
  Array.from({ length: to - from }, (_, at) => from + at + 1)
    .filter((row) => !rejectedRows.includes(row))
    .map((row) => ({ id: '', row, data: String(row) }));

const senderTo = (insert: ChunkSending['insert'], more: Partial<ChunkSending> = {}): ChunkSender =>
  new ChunkSender({ batch: 'b1', signal: undefined, insert, inserted: () => undefined, ...more });

const send = (sender: ChunkSender, seal: ChunkSeal): Promise<void> => sender.send(rowsOf(seal), seal);
const rowsIn = (redis: BatchRedis) => redis.stored.map(({ row }) => row);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('ChunkSender', () => {
  it('sends chunks one behind the other, and tells how far the batch is after each', async () => {
    const redis = new BatchRedis().open();
    const told: unknown[] = [];
    const sender = senderTo(redis.insert, { inserted: (totals) => told.push(totals) });
    await send(sender, sealOf(0, 2, { rejectedRows: [2] }));
    await send(sender, sealOf(2, 4, { isLast: true }));
    expect(rowsIn(redis)).toEqual([1, 3, 4]);
    expect(told).toEqual([
      { read: 2, added: 1, duplicate: 0, rejected: 1 },
      { read: 4, added: 3, duplicate: 0, rejected: 1 },
    ]);
  });

  it('sends a chunk again that overtook the one before it, when that one is through', async () => {
    const redis = new BatchRedis().open();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const sender = senderTo(async (rows, covers) => {
      if (covers.from === 0) await held;
      return redis.insert(rows, covers);
    });
    const both = [send(sender, sealOf(0, 2)), send(sender, sealOf(2, 4, { isLast: true }))];
    await turn();
    expect(redis.calls).toBe(1);
    release();
    await Promise.all(both);
    expect(rowsIn(redis)).toEqual([1, 2, 3, 4]);
  });

  it('passes over a chunk that is in already: its answer was lost, or another producer was faster', async () => {
    const redis = new BatchRedis().open();
    await send(senderTo(redis.insert), sealOf(0, 3));
    await send(senderTo(redis.insert), sealOf(0, 3));
    await send(senderTo(redis.insert), sealOf(0, 2));
    expect(rowsIn(redis)).toEqual([1, 2, 3]);
  });

  it('sends of a chunk that is in by half the other half, with the rejected rows that belong to it', async () => {
    const redis = new BatchRedis().open();
    await send(senderTo(redis.insert), sealOf(0, 3, { rejectedRows: [2] }));
    await send(senderTo(redis.insert), sealOf(0, 6, { rejectedRows: [2, 5] }));
    expect(rowsIn(redis)).toEqual([1, 3, 4, 6]);
    expect(redis.books).toMatchObject({ read: '6', added: '4', rejected: '2' });
  });

  it('tells the end of the source even if all its rows are in', async () => {
    const redis = new BatchRedis().open();
    await send(senderTo(redis.insert), sealOf(0, 3));
    expect(redis.books?.['readAt']).toBeUndefined();
    await send(senderTo(redis.insert), sealOf(0, 3, { isLast: true }));
    expect(redis.books?.['readAt']).toBe('1');
    await send(senderTo(redis.insert), sealOf(3, 3, { isLast: true }));
    expect(rowsIn(redis)).toEqual([1, 2, 3]);
  });

  it.each([
    ['has other rows up to here', sealOf(0, 3, { toChecksum: 'other' })],
    ['has other rows before', sealOf(3, 4, { fromChecksum: 'other' })],
    ['ends before what is in', sealOf(0, 2, { isLast: true })],
    ['has other rows up to the middle of a chunk', sealOf(0, 5, { checksums: [1, 2, 3, 4, 5] })],
    ['has other rows up to here, and ends here', sealOf(0, 3, { toChecksum: 'other', isLast: true })],
  ])('refuses a source that %s', async (_, seal) => {
    const redis = new BatchRedis().open();
    await send(senderTo(redis.insert), sealOf(0, 3));
    await expect(send(senderTo(redis.insert), seal)).rejects.toThrow(SourceInvalid);
    expect(rowsIn(redis)).toEqual([1, 2, 3]);
  });

  it('says that Redis has lost what it had accepted, and another run adds it', async () => {
    const redis = new BatchRedis().open();
    const sender = senderTo(redis.insert);
    await send(sender, sealOf(0, 2));
    const before = { ...redis.books };
    await send(sender, sealOf(2, 3));
    redis.books = before;
    redis.stored.pop();
    const lost = send(sender, sealOf(3, 4));
    await expect(lost).rejects.toThrow(RedisUnavailable);
    await expect(lost).rejects.toThrow(/up to row 3, and is up to row 2 now; run it again/);
    await send(senderTo(redis.insert), sealOf(2, 4, { isLast: true }));
    expect(rowsIn(redis)).toEqual([1, 2, 3, 4]);
  });

  it('says that the batch was cancelled, or that its books are gone', async () => {
    const redis = new BatchRedis().open();
    Object.assign(redis.books as object, { cancelledAt: '5' });
    await expect(send(senderTo(redis.insert), sealOf(0, 1))).rejects.toThrow(/batch 'b1' was cancelled/);
    redis.books = undefined;
    const gone = send(senderTo(redis.insert), sealOf(0, 1));
    await expect(gone).rejects.toThrow(/the books of batch 'b1' are gone/);
    await expect(gone).rejects.toThrow(BatchConflict);
  });

  it('waits for room, and is interrupted in that by the signal', async () => {
    const redis = new BatchRedis().open();
    let looks = 0;
    const full: ChunkSending['insert'] = async (rows, covers) => {
      looks += 1;
      return looks < 3 ? { kind: 'full' } : redis.insert(rows, covers);
    };
    await send(senderTo(full), sealOf(0, 1));
    expect(rowsIn(redis)).toEqual([1]);
    const never = senderTo(async () => ({ kind: 'full' }), { signal: AbortSignal.abort() });
    await expect(send(never, sealOf(1, 2))).rejects.toThrow(SendingInterrupted);
  });

  it('fails a chunk that waits for one that failed, and leaves nothing unhandled', async () => {
    const outage = new RedisUnavailable('away', { unanswered: true });
    const sender = senderTo(async ({ length }) => {
      if (length === 1) throw outage;
      return { kind: 'elsewhere', read: 0, checksum: '0' };
    });
    const first = send(sender, sealOf(0, 1));
    await expect(send(sender, sealOf(1, 3))).rejects.toBe(outage);
    await turn();
    await expect(first).rejects.toBe(outage);
  });
});

/** How a trip to Redis goes. */
type Trip = 'well' | 'request lost' | 'reply lost' | 'slow';

/** Sends as `deliver` does: a trip whose request or reply is lost is made again. */
function unreliably(redis: BatchRedis, trips: readonly Trip[]): ChunkSending['insert'] {
  let at = 0;
  return async (rows, covers): Promise<Inserted> => {
    for (;;) {
      const trip = trips[at % trips.length] ?? 'well';
      at += 1;
      if (trip === 'slow') await turn();
      if (trip === 'request lost' && at < 50) continue;
      const answer = await redis.insert(rows, covers);
      if (trip !== 'reply lost' || at >= 50) return answer;
    }
  };
}

/** Cuts a source of so many rows into chunks of these sizes. */
function chunksOf(count: number, sizes: readonly number[], rejectedRows: readonly number[]): ChunkSeal[] {
  const seals: ChunkSeal[] = [];
  for (let from = 0; from < count || seals.length === 0; ) {
    const to = Math.min(count, from + (sizes[seals.length % sizes.length] ?? 1));
    const rejected = rejectedRows.filter((row) => row > from && row <= to);
    seals.push(sealOf(from, to, { rejectedRows: rejected, isLast: to === count }));
    from = to;
  }
  return seals;
}

describe('two producers at one batch, whatever is lost on the way', () => {
  it('add every row exactly once, in order, and count each of them', async () => {
    const anyTrips = fc.array(fc.constantFrom<Trip>('well', 'request lost', 'reply lost', 'slow'), { minLength: 1 });
    const anyProducer = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
      trips: anyTrips,
    });
    const anyRejected = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 40 }), anyRejected, anyProducer, anyProducer, async (count, bad, one, other) => {
        const redis = new BatchRedis().open();
        const rejected = bad.filter((row) => row <= count);
        const produce = async ({ sizes, trips }: typeof one): Promise<void> => {
          const sender = senderTo(unreliably(redis, trips));
          const underWay: Promise<void>[] = [];
          for (const seal of chunksOf(count, sizes, rejected)) {
            // Two at a time, as the chunk writer has it.
            if (underWay.length >= 2) await underWay.shift();
            underWay.push(send(sender, seal));
          }
          await Promise.all(underWay);
        };
        await Promise.all([produce(one), produce(other)]);
        const valid = Array.from({ length: count }, (_, at) => at + 1).filter((row) => !rejected.includes(row));
        expect(rowsIn(redis)).toEqual(valid);
        expect(redis.books).toMatchObject({
          ...{ read: String(count), added: String(valid.length), rejected: String(rejected.length) },
          ...{ checksum: checksumAt(count), readAt: '1' },
        });
      }),
    );
  });
});
