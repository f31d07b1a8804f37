import { BatchLost, RedisUnavailable, SourceInvalid } from '@bullpen/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchRedis } from '../../test/batch-redis.js';
import type { JobRow } from '../enqueue/chunk.js';
import type { RowsReply } from '../enqueue/insert-reply.js';
import type { ChunkRange } from './chunk-range.js';
import { ChunkSender, type ChunkSenderDeps, SendingInterrupted } from './chunk-sender.js';

/** The checksum of the source of these tests after this row. */
const checksumAt = (row: number): string => String(7 * row);

const rangeOf = (from: number, to: number, more: Partial<ChunkRange> = {}): ChunkRange => ({
  ...{ from, to, fromChecksum: checksumAt(from), toChecksum: checksumAt(to), rejectedRows: new Map(), isLast: false },
  checksums: Array.from({ length: to - from }, (_, at) => Number(checksumAt(from + at + 1))),
  ...more,
});

/** Rejected rows, each with a reason of its own. */
const rejectedAt = (rows: readonly number[]) => new Map(rows.map((row) => [row, `reason ${row}`]));

/** The rows of a range, without the rejected ones. */
const rowsOf = ({ from, to, rejectedRows }: ChunkRange): JobRow[] =>
  Array.from({ length: to - from }, (_, at) => from + at + 1)
    .filter((row) => !rejectedRows.has(row))
    .map((row) => ({ row, data: String(row) }));

const senderTo = (insert: ChunkSenderDeps['insert'], more: Partial<ChunkSenderDeps> = {}): ChunkSender =>
  new ChunkSender({
    batch: { name: 'b1', queue: 'q' },
    signal: undefined,
    insert,
    onInserted: () => undefined,
    ...more,
  });

const send = (sender: ChunkSender, range: ChunkRange): Promise<void> => sender.send(rowsOf(range), range);
const rowsIn = (redis: BatchRedis) => redis.stored.map(({ row }) => row);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('ChunkSender', () => {
  it('sends chunks one after the other, and tells how far the batch is after each', async () => {
    const redis = new BatchRedis().begin();
    const told: unknown[] = [];
    const sender = senderTo(redis.insert, { onInserted: (totals) => told.push(totals) });
    await send(sender, rangeOf(0, 2, { rejectedRows: rejectedAt([2]) }));
    await send(sender, rangeOf(2, 4, { isLast: true }));
    expect(rowsIn(redis)).toEqual([1, 3, 4]);
    expect(told).toEqual([
      { read: 2, added: 1, duplicate: 0, rejected: 1 },
      { read: 4, added: 3, duplicate: 0, rejected: 1 },
    ]);
  });

  it('sends a chunk again that overtook the chunk before it, after that one was inserted', async () => {
    const redis = new BatchRedis().begin();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const sender = senderTo(async (rows, move) => {
      if (move.from === 0) await held;
      return redis.insert(rows, move);
    });
    const both = [send(sender, rangeOf(0, 2)), send(sender, rangeOf(2, 4, { isLast: true }))];
    await turn();
    expect(redis.calls).toBe(1);
    release();
    await Promise.all(both);
    expect(rowsIn(redis)).toEqual([1, 2, 3, 4]);
  });

  it('skips a chunk that is inserted already: its answer was lost, or another producer was faster', async () => {
    const redis = new BatchRedis().begin();
    await send(senderTo(redis.insert), rangeOf(0, 3));
    await send(senderTo(redis.insert), rangeOf(0, 3));
    await send(senderTo(redis.insert), rangeOf(0, 2));
    expect(rowsIn(redis)).toEqual([1, 2, 3]);
  });

  it('sends only the rest of a chunk when a part of it is inserted, with the rejected rows of the rest', async () => {
    const redis = new BatchRedis().begin();
    await send(senderTo(redis.insert), rangeOf(0, 3, { rejectedRows: rejectedAt([2]) }));
    await send(senderTo(redis.insert), rangeOf(0, 6, { rejectedRows: rejectedAt([2, 5]) }));
    expect(rowsIn(redis)).toEqual([1, 3, 4, 6]);
    expect(redis.books).toMatchObject({ read: '6', added: '4', rejected: '2' });
  });

  it('tells Redis the end of the source even if all its rows are inserted', async () => {
    const redis = new BatchRedis().begin();
    await send(senderTo(redis.insert), rangeOf(0, 3));
    expect(redis.books?.['readAt']).toBeUndefined();
    await send(senderTo(redis.insert), rangeOf(0, 3, { isLast: true }));
    expect(redis.books?.['readAt']).toBe('1');
    await send(senderTo(redis.insert), rangeOf(3, 3, { isLast: true }));
    expect(rowsIn(redis)).toEqual([1, 2, 3]);
  });

  it.each([
    ['has other rows up to here', rangeOf(0, 3, { toChecksum: 'other' })],
    ['has other rows before it', rangeOf(3, 4, { fromChecksum: 'other' })],
    ['ends before the cursor', rangeOf(0, 2, { isLast: true })],
    ['has other rows up to the middle of a chunk', rangeOf(0, 5, { checksums: [1, 2, 3, 4, 5] })],
    ['has other rows up to here and ends here', rangeOf(0, 3, { toChecksum: 'other', isLast: true })],
  ])('refuses a source that %s', async (_, range) => {
    const redis = new BatchRedis().begin();
    await send(senderTo(redis.insert), rangeOf(0, 3));
    await expect(send(senderTo(redis.insert), range)).rejects.toThrow(SourceInvalid);
    expect(rowsIn(redis)).toEqual([1, 2, 3]);
  });

  it('throws when Redis has lost rows that it had accepted, and another run adds them', async () => {
    const redis = new BatchRedis().begin();
    const sender = senderTo(redis.insert);
    await send(sender, rangeOf(0, 2));
    const before = { ...redis.books };
    await send(sender, rangeOf(2, 3));
    redis.books = before;
    redis.stored.pop();
    const lost = send(sender, rangeOf(3, 4));
    await expect(lost).rejects.toThrow(RedisUnavailable);
    await expect(lost).rejects.toThrow(/up to row 3 and is at row 2 now; run it again/);
    await send(senderTo(redis.insert), rangeOf(2, 4, { isLast: true }));
    expect(rowsIn(redis)).toEqual([1, 2, 3, 4]);
  });

  it('throws when the batch was cancelled, and when its books are gone', async () => {
    const redis = new BatchRedis().begin();
    Object.assign(redis.books as object, { cancelledAt: '5' });
    await expect(send(senderTo(redis.insert), rangeOf(0, 1))).rejects.toThrow(/batch 'b1' was cancelled/);
    redis.books = undefined;
    const gone = send(senderTo(redis.insert), rangeOf(0, 1));
    await expect(gone).rejects.toThrow(/the books of batch 'b1' vanished/);
    await expect(gone).rejects.toThrow(BatchLost);
  });

  it('waits for room, and the signal interrupts the wait', async () => {
    const redis = new BatchRedis().begin();
    let looks = 0;
    const full: ChunkSenderDeps['insert'] = async (rows, move) => {
      looks += 1;
      return looks < 3 ? { kind: 'full', waiting: 1 } : redis.insert(rows, move);
    };
    await send(senderTo(full), rangeOf(0, 1));
    expect(rowsIn(redis)).toEqual([1]);
    const never = senderTo(async () => ({ kind: 'full', waiting: 1 }), { signal: AbortSignal.abort() });
    await expect(send(never, rangeOf(1, 2))).rejects.toThrow(SendingInterrupted);
  });

  it('fails a chunk that waits for a failed one, and leaves no rejection unhandled', async () => {
    const outage = new RedisUnavailable('away', { unanswered: true });
    const sender = senderTo(async ({ length }) => {
      if (length === 1) throw outage;
      return { kind: 'elsewhere', read: 0, checksum: '0' };
    });
    const first = send(sender, rangeOf(0, 1));
    await expect(send(sender, rangeOf(1, 3))).rejects.toBe(outage);
    await turn();
    await expect(first).rejects.toBe(outage);
  });
});

/** How a trip to Redis goes. */
type Trip = 'well' | 'request lost' | 'reply lost' | 'slow';

/** Sends as `callRedis` does: it repeats a trip whose request or reply was lost. */
function unreliably(redis: BatchRedis, trips: readonly Trip[]): ChunkSenderDeps['insert'] {
  let at = 0;
  return async (rows, move): Promise<RowsReply> => {
    for (;;) {
      const trip = trips[at % trips.length] ?? 'well';
      at += 1;
      if (trip === 'slow') await turn();
      if (trip === 'request lost' && at < 50) continue;
      const answer = await redis.insert(rows, move);
      if (trip !== 'reply lost' || at >= 50) return answer;
    }
  };
}

/** Cuts a source of `count` rows into chunks of these sizes. */
function chunksOf(count: number, sizes: readonly number[], rejectedRows: readonly number[]): ChunkRange[] {
  const ranges: ChunkRange[] = [];
  for (let from = 0; from < count || ranges.length === 0; ) {
    const to = Math.min(count, from + (sizes[ranges.length % sizes.length] ?? 1));
    const rejected = rejectedAt(rejectedRows.filter((row) => row > from && row <= to));
    ranges.push(rangeOf(from, to, { rejectedRows: rejected, isLast: to === count }));
    from = to;
  }
  return ranges;
}

describe('two producers of one batch, whatever is lost on the way', () => {
  it('add and count every row exactly once, in order', async () => {
    const anyTrips = fc.array(fc.constantFrom<Trip>('well', 'request lost', 'reply lost', 'slow'), { minLength: 1 });
    const anyProducer = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
      trips: anyTrips,
    });
    const anyRejected = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 40 }), anyRejected, anyProducer, anyProducer, async (count, bad, one, other) => {
        const redis = new BatchRedis().begin();
        const rejected = bad.filter((row) => row <= count);
        const produce = async ({ sizes, trips }: typeof one): Promise<void> => {
          const sender = senderTo(unreliably(redis, trips));
          const underWay: Promise<void>[] = [];
          for (const range of chunksOf(count, sizes, rejected)) {
            // Two at a time, as the chunk writer does.
            if (underWay.length >= 2) await underWay.shift();
            underWay.push(send(sender, range));
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
