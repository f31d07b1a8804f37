import type { FailedRow } from '@bullpen/producer';
import { BatchUnknown, RedisUnavailable } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { books, producerOf, view } from '../../test/some-batch.js';
import { BatchLooks } from './batch-snapshots.js';

/**
 * Looks at a batch of a hundred rows, of which one more is completed at each look; a look takes
 * `tookMs`.
 */
function watched({ tookMs = 0 } = {}) {
  const seen = { looks: 0, now: 0 };
  const look = async <T>(make: (different: { completed: number }) => T): Promise<T> => {
    seen.looks += 1;
    seen.now += tookMs;
    return make({ completed: seen.looks });
  };
  const producer = producerOf({ list: async () => [await look(books)], show: () => look(view) });
  return { seen, looks: new BatchLooks(producer, () => seen.now) };
}

describe('BatchLooks', () => {
  it('many viewers at once, and soon after one another, are one look', async () => {
    const { seen, looks } = watched();
    await Promise.all(Array.from({ length: 50 }, () => looks.show('mail', 'november')));
    seen.now = 999;
    await looks.show('mail', 'november');
    expect(seen.looks).toBe(1);
    seen.now = 1_000;
    expect((await looks.show('mail', 'november')).progress.done).toBe(2);
  });

  it('batches, and the list of them, are looked at apart from each other', async () => {
    const { seen, looks } = watched();
    await Promise.all([
      looks.list(),
      looks.show('mail', 'november'),
      looks.show('mail', 'may'),
      looks.show('a', 'may'),
    ]);
    expect(seen.looks).toBe(4);
  });

  it('a look that was dear is shared for ten times as long as it took', async () => {
    const { seen, looks } = watched({ tookMs: 3_000 });
    await looks.show('mail', 'november');
    seen.now = 32_999;
    await looks.show('mail', 'november');
    expect(seen.looks).toBe(1);
    seen.now = 33_000;
    await looks.show('mail', 'november');
    expect(seen.looks).toBe(2);
  });

  it('a look that is under way is shared, however long it takes', async () => {
    const { seen, looks } = watched();
    const first = looks.list();
    seen.now = 60_000;
    expect(await looks.list()).toBe(await first);
    expect(seen.looks).toBe(1);
  });

  it.each([
    ['a batch that is not there', new BatchUnknown('there is no batch may')],
    ['an outage', new RedisUnavailable('Redis does not answer', { unanswered: false })],
  ])('%s is asked for anew by who asks next', async (_, error) => {
    let fails = true;
    const show = async () => (fails ? Promise.reject(error) : view());
    const looks = new BatchLooks(producerOf({ show }), () => 0);
    await expect(looks.show('mail', 'may')).rejects.toBe(error);
    fails = false;
    expect((await looks.show('mail', 'may')).progress.view.batch).toBe('november');
  });

  it('the first twenty rows that failed belong to the look: they are read once for all who look', async () => {
    let read = 0;
    async function* failures(): AsyncGenerator<FailedRow> {
      for (let row = 1; row <= 1_000; row += 1) {
        read += 1;
        yield { row } as FailedRow;
      }
    }
    const looks = new BatchLooks(producerOf({ show: async () => view({ failed: 50 }), failures }), () => 0);
    const seen = await Promise.all(Array.from({ length: 10 }, () => looks.show('mail', 'november')));
    expect(seen.map(({ failures: rows }) => rows.length)).toEqual(Array(10).fill(20));
    expect(read).toBe(20);
  });

  it('tells how fast a batch goes, by the looks of whoever looked', async () => {
    const { seen, looks } = watched();
    expect((await looks.list())[0]?.perSecond).toBeUndefined();
    seen.now = 2_000;
    const { done, perSecond, secondsLeft } = (await looks.show('mail', 'november')).progress;
    expect({ done, perSecond, secondsLeft }).toEqual({ done: 2, perSecond: 0.5, secondsLeft: 196 });
  });

  it('a batch that was begun again under its name has a pace of its own', async () => {
    let of = books({ completed: 90 });
    let now = 0;
    const looks = new BatchLooks(producerOf({ list: async () => [of] }), () => now);
    await looks.list();
    now = 2_000;
    of = books({ completed: 95, createdAt: of.createdAt + 1 });
    expect((await looks.list())[0]?.perSecond).toBeUndefined();
  });
});
