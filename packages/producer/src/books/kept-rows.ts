import { batchKeys, FATE, type FailureRecord, readFailure } from '@bullpen/shared/internal';
import type { RedisReading } from '../enqueue/redis-access.js';
import { rowsOfFate } from './fates.js';
import { PageSize } from './page-size.js';

/** A row that failed, and what the books keep of it. */
export interface FailedRow extends FailureRecord {
  readonly row: number;
  /** Why it failed, in words that many rows share. */
  readonly reason: string;
}

/**
 * A row that was completed, and what its handler returned; or how long that was, when it was too
 * long to be kept.
 */
export type RowResult = { readonly row: number } & ({ readonly result: unknown } | { readonly tooLong: number });

/** The failed rows of a batch, in their order, by pages. */
export async function* readFailures(queue: string, batch: string, access: RedisReading): AsyncIterable<FailedRow[]> {
  const { fates, failures } = batchKeys(access.prefix, queue, batch);
  for await (const page of keptRows(fates, FATE.failed, failures, access)) {
    yield page.map(({ row, text }) => ({ row, ...readFailure(text) }));
  }
}

/** What the handlers of a batch returned, in the order of its rows, by pages. */
export async function* readResults(queue: string, batch: string, access: RedisReading): AsyncIterable<RowResult[]> {
  const { fates, results } = batchKeys(access.prefix, queue, batch);
  for await (const page of keptRows(fates, FATE.completed, results, access)) {
    yield page.map(({ row, text }) =>
      text.startsWith('!') ? { row, tooLong: Number(text.slice(1)) } : { row, result: JSON.parse(text) as unknown },
    );
  }
}

/** What a hash keeps of the rows of one fate. Rows of which it keeps nothing are passed over. */
async function* keptRows(
  fates: string,
  fate: number,
  hash: string,
  { ask }: RedisReading,
): AsyncIterable<{ row: number; text: string }[]> {
  const size = new PageSize();
  for await (const block of rowsOfFate(fates, fate, { ask })) {
    for (let at = 0; at < block.length; ) {
      const rows = block.slice(at, at + size.rows);
      const texts = await ask((redis) => redis.hmget(hash, ...rows.map(String)));
      at += rows.length;
      const page = rows.flatMap((row, place) => {
        const text = texts[place];
        return typeof text === 'string' ? [{ row, text }] : [];
      });
      size.learn(
        rows.length,
        page.reduce((sum, { text }) => sum + text.length, 0),
      );
      if (page.length > 0) yield page;
    }
  }
}
