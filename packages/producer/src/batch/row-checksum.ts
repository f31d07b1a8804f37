import { crc32 } from 'node:zlib';

const length = Buffer.alloc(4);

/**
 * The running checksum of a source with one more row: CRC-32 over the text of each row and its
 * length.
 *
 * The length says where a row ends, whatever stands in it: without it the rows `ab`, `c` would be
 * the rows `a`, `bc`.
 */
export function withRow(checksum: number, text: string): number {
  length.writeUInt32LE(text.length);
  return crc32(length, crc32(text, checksum));
}
