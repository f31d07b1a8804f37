import type { RedisAccess } from '../enqueue/redis-access.js';

/** A byte holds the fates of four rows. So one trip to Redis reads 65,536 rows. */
const BLOCK_BYTES = 16_384;

/**
 * Finds the rows with this fate, in order, by blocks. Keeps one block in memory. A row whose fate
 * changes meanwhile may or may not be found.
 * @param key the key of the batch's fates
 */
export async function* findRowsByFate(
  key: string,
  fate: number,
  { ask }: Pick<RedisAccess, 'ask'>,
): AsyncIterable<number[]> {
  for (let from = 0; ; from += BLOCK_BYTES) {
    const bytes = await ask((redis) => redis.getrangeBuffer(key, from, from + BLOCK_BYTES - 1));
    const rows = decodeFates(bytes, fate, 4 * from + 1);
    if (rows.length > 0) yield rows;
    if (bytes.length < BLOCK_BYTES) return;
  }
}

/** The rows with this fate in a piece of the bit field. The piece begins with row `first`. */
export function decodeFates(bytes: Uint8Array, fate: number, first: number): number[] {
  const rows: number[] = [];
  for (const [at, byte] of bytes.entries()) {
    for (let place = 0; place < 4; place += 1) {
      if (((byte >> (6 - 2 * place)) & 3) === fate) rows.push(first + 4 * at + place);
    }
  }
  return rows;
}
