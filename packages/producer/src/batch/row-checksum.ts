import { crc32 } from 'node:zlib';

const length = Buffer.alloc(4);

/**
 * The running checksum of a source after one more row: a CRC-32 over the text of each row and its
 * length.
 *
 * The length marks the end of a row, whatever its text is. Without it, the rows `ab`, `c` would
 * have the checksum of `a`, `bc`.
 */
export function addRowToChecksum(checksum: number, text: string): number {
  length.writeUInt32LE(text.length);
  return crc32(length, crc32(text, checksum));
}
