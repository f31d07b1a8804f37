import { batchKeys, FATE, readFailure } from '@bullpen/shared/internal';
import type { RedisAccess } from '../enqueue/redis-access.js';
import { findRowsByFate } from './fates.js';
import { PageSize } from './page-size.js';

/** A failed row, and what the books keep of it. */
export interface FailedRow {
  /** The number of the row in its source, counted from 1. */
  readonly row: number;
  /** Why it failed, in words that many rows share. */
  readonly reason: string;
  /** The payload as it was enqueued. `undefined` when it was malformed. */
  readonly payload: unknown;
  /**
   * The payload as it was enqueued, as JSON text. It keeps numbers that the value cannot hold:
   * 12345678901234567890, 1e400. `undefined` when it was malformed.
   */
  readonly json: string | undefined;
  /** How its last attempt ended. */
  readonly outcome: 'failed' | 'rejected' | 'expired' | 'crashed';
  /** The error that it failed with. */
  readonly error: {
    /** The name of its class, such as `JobRejected`. */
    readonly name: string;
    /** Its message, up to 4,096 characters. */
    readonly message: string;
    /** Its stack, up to 2,000 characters. */
    readonly stack?: string;
  };
  /** How many attempts were made. */
  readonly attempts: number;
  /** When it failed, in milliseconds since 1970. */
  readonly failedAt: number;
}

/** A completed row with what its handler returned. */
export type RowResult = {
  /** The number of the row in its source, counted from 1. */
  readonly row: number;
} & (
  | {
      /** What the handler returned. */
      readonly result: unknown;
    }
  | {
      /** The result was too long to be kept: its length in characters of JSON. */
      readonly tooLong: number;
    }
);

/**
 * Reads the failed rows of a batch, in order, by pages.
 * @param only read these rows and no others
 */
export async function* readFailedRows(
  queue: string,
  batch: string,
  access: RedisAccess,
  only?: readonly number[],
): AsyncIterable<FailedRow[]> {
  const { fates, failures } = batchKeys(access.prefix, queue, batch);
  const blocks = only === undefined ? findRowsByFate(fates, FATE.failed, access) : [only];
  for await (const page of readKeptRows(blocks, failures, access)) {
    yield page.map(({ row, text }) => ({ row, ...readFailure(text) }));
  }
}

/** Reads what the handlers of a batch returned, in the order of the rows, by pages. */
export async function* readResults(queue: string, batch: string, access: RedisAccess): AsyncIterable<RowResult[]> {
  const { fates, results } = batchKeys(access.prefix, queue, batch);
  for await (const page of readKeptRows(findRowsByFate(fates, FATE.completed, access), results, access)) {
    yield page.map(({ row, text }) =>
      text.startsWith('!') ? { row, tooLong: Number(text.slice(1)) } : { row, result: JSON.parse(text) as unknown },
    );
  }
}

/** Reads what a hash keeps of these rows. Skips rows that are not in the hash. */
async function* readKeptRows(
  blocks: Iterable<readonly number[]> | AsyncIterable<readonly number[]>,
  hash: string,
  { ask }: RedisAccess,
): AsyncIterable<{ row: number; text: string }[]> {
  const size = new PageSize();
  for await (const block of blocks) {
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
