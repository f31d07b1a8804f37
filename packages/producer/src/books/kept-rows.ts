import { batchKeys, FATE, type FailureRecord, readFailure } from '@bullpen/shared/internal';
import type { RedisAccess } from '../enqueue/redis-access.js';
import { findRowsByFate } from './fates.js';
import { PageSize } from './page-size.js';

/** A failed row, and what the books keep of it. */
export interface FailedRow extends FailureRecord {
  readonly row: number;
  /** Why it failed, in words that many rows share. */
  readonly reason: string;
}

/**
 * A completed row with what its handler returned. When that was too long to be kept, `tooLong` is
 * its length in characters of JSON.
 */
export type RowResult = { readonly row: number } & ({ readonly result: unknown } | { readonly tooLong: number });

/** Reads the failed rows of a batch, in order, by pages. */
export async function* readFailedRows(queue: string, batch: string, access: RedisAccess): AsyncIterable<FailedRow[]> {
  const { fates, failures } = batchKeys(access.prefix, queue, batch);
  for await (const page of readKeptRows(fates, FATE.failed, failures, access)) {
    yield page.map(({ row, text }) => ({ row, ...readFailure(text) }));
  }
}

/** Reads what the handlers of a batch returned, in the order of the rows, by pages. */
export async function* readResults(queue: string, batch: string, access: RedisAccess): AsyncIterable<RowResult[]> {
  const { fates, results } = batchKeys(access.prefix, queue, batch);
  for await (const page of readKeptRows(fates, FATE.completed, results, access)) {
    yield page.map(({ row, text }) =>
      text.startsWith('!') ? { row, tooLong: Number(text.slice(1)) } : { row, result: JSON.parse(text) as unknown },
    );
  }
}

/** Reads what a hash keeps of the rows with this fate. Skips rows that are not in the hash. */
async function* readKeptRows(
  fates: string,
  fate: number,
  hash: string,
  { ask }: RedisAccess,
): AsyncIterable<{ row: number; text: string }[]> {
  const size = new PageSize();
  for await (const block of findRowsByFate(fates, fate, { ask })) {
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
