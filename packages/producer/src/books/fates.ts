import type { RedisReading } from '../enqueue/redis-access.js';

/** Four rows a byte: one trip for 65,536 rows. */
const BYTES_A_BLOCK = 16_384;

/**
 * The rows of one fate, in their order, by blocks. Memory stays flat; rows whose fate is turned
 * while this goes on may or may not be among them.
 * @param key where the fates of a batch are
 */
export async function* rowsOfFate(
  key: string,
  fate: number,
  { ask }: Pick<RedisReading, 'ask'>,
): AsyncIterable<number[]> {
  for (let from = 0; ; from += BYTES_A_BLOCK) {
    const bytes = await ask((redis) => redis.getrangeBuffer(key, from, from + BYTES_A_BLOCK - 1));
    const rows = readFates(bytes, fate, 4 * from + 1);
    if (rows.length > 0) yield rows;
    if (bytes.length < BYTES_A_BLOCK) return;
  }
}

/** The rows of one fate in a piece of the bit field, which begins with row `first`. */
export function readFates(bytes: Uint8Array, fate: number, first: number): number[] {
  const rows: number[] = [];
  for (const [at, byte] of bytes.entries()) {
    for (let place = 0; place < 4; place += 1) {
      if (((byte >> (6 - 2 * place)) & 3) === fate) rows.push(first + 4 * at + place);
    }
  }
  return rows;
}
