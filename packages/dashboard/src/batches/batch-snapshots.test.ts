import type { FailedRow } from '@bullpen/producer';
import { BatchUnknown, RedisUnavailable } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { books, producerOf, view } from '../../test/some-batch.js';
import { BatchSnapshots, SnapshotOutdated } from './batch-snapshots.js';

/** Snapshots of a batch of a hundred rows. Each takes `tookMs` and completes one more row. */
function setting({ tookMs = 0 } = {}) {
  const seen = { taken: 0, now: 0 };
  const take = async <T>(make: (different: { completed: number }) => T): Promise<T> => {
    seen.taken += 1;
    seen.now += tookMs;
    return make({ completed: seen.taken });
  };
  const producer = producerOf({ list: async () => [await take(books)], show: () => take(view) });
  return { seen, snapshots: new BatchSnapshots(producer, () => seen.now) };
}

describe('BatchSnapshots', () => {
  it('viewers at the same time, and soon after one another, share a snapshot', async () => {
    const { seen, snapshots } = setting();
    await Promise.all(Array.from({ length: 50 }, () => snapshots.show('mail', 'november')));
    seen.now = 999;
    await snapshots.show('mail', 'november');
    expect(seen.taken).toBe(1);
    seen.now = 1_000;
    expect((await snapshots.show('mail', 'november')).progress.done).toBe(2);
  });

  it('each batch, and the list of batches, has a snapshot of its own', async () => {
    const { seen, snapshots } = setting();
    await Promise.all([
      snapshots.list(),
      snapshots.show('mail', 'november'),
      snapshots.show('mail', 'may'),
      snapshots.show('a', 'may'),
    ]);
    expect(seen.taken).toBe(4);
  });

  it('a slow snapshot is shared for ten times as long as it took', async () => {
    const { seen, snapshots } = setting({ tookMs: 3_000 });
    await snapshots.show('mail', 'november');
    seen.now = 32_999;
    await snapshots.show('mail', 'november');
    expect(seen.taken).toBe(1);
    seen.now = 33_000;
    await snapshots.show('mail', 'november');
    expect(seen.taken).toBe(2);
  });

  it('a snapshot that is under way is shared, however long it takes', async () => {
    const { seen, snapshots } = setting();
    const first = snapshots.list();
    seen.now = 60_000;
    expect(await snapshots.list()).toBe(await first);
    expect(seen.taken).toBe(1);
  });

  it.each([
    ['an unknown batch', new BatchUnknown({ name: 'may' }, 'there is no batch may')],
    ['an outage', new RedisUnavailable('Redis does not answer', { unanswered: false })],
  ])('%s is not remembered: the next viewer asks again', async (_, error) => {
    let fails = true;
    const show = async () => (fails ? Promise.reject(error) : view());
    const snapshots = new BatchSnapshots(producerOf({ show }), () => 0);
    await expect(snapshots.show('mail', 'may')).rejects.toBe(error);
    fails = false;
    expect((await snapshots.show('mail', 'may')).progress.view.name).toBe('november');
  });

  it('in an outage the last snapshot is handed out as an old one, and the outage stays an error', async () => {
    let isAway = false;
    const outage = new RedisUnavailable('Redis does not answer', { unanswered: false });
    const show = async () => (isAway ? Promise.reject(outage) : view());
    let now = 0;
    const snapshots = new BatchSnapshots(producerOf({ show }), () => now);
    const known = await snapshots.show('mail', 'november');
    [isAway, now] = [true, 60_000];
    const error = await snapshots.show('mail', 'november').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SnapshotOutdated);
    expect(error).toMatchObject({ known, cause: outage, code: 'BULLPEN_REDIS_UNAVAILABLE' });
    await expect(snapshots.show('mail', 'may')).rejects.toBe(outage);
  });

  it('the first twenty failed rows belong to the snapshot: they are read once for all viewers', async () => {
    let read = 0;
    async function* failures(): AsyncGenerator<FailedRow> {
      for (let row = 1; row <= 1_000; row += 1) {
        read += 1;
        yield { row } as FailedRow;
      }
    }
    const snapshots = new BatchSnapshots(producerOf({ show: async () => view({ failed: 50 }), failures }), () => 0);
    const seen = await Promise.all(Array.from({ length: 10 }, () => snapshots.show('mail', 'november')));
    expect(seen.map(({ failures: rows }) => rows.length)).toEqual(Array(10).fill(20));
    expect(read).toBe(20);
  });

  it('the rate of a batch comes from the snapshots of all viewers', async () => {
    const { seen, snapshots } = setting();
    expect((await snapshots.list())[0]?.perSecond).toBeUndefined();
    seen.now = 2_000;
    const { done, perSecond, secondsLeft } = (await snapshots.show('mail', 'november')).progress;
    expect({ done, perSecond, secondsLeft }).toEqual({ done: 2, perSecond: 0.5, secondsLeft: 196 });
  });

  it('a batch that was begun again under the same name has a rate of its own', async () => {
    let of = books({ completed: 90 });
    let now = 0;
    const snapshots = new BatchSnapshots(producerOf({ list: async () => [of] }), () => now);
    await snapshots.list();
    now = 2_000;
    of = books({ completed: 95, createdAt: of.createdAt + 1 });
    expect((await snapshots.list())[0]?.perSecond).toBeUndefined();
  });
});
