import { CLIPPED_LENGTH } from './source-row.js';

/** How many characters are shown before the place where a text stops being UTF-8. */
const CONTEXT_LENGTH = 20;

/** The index of the first byte that is not UTF-8. Call it only for bytes that are not UTF-8. */
export function findBroken(bytes: Buffer): number {
  // Decoding replaces broken bytes by U+FFFD, and keeps a U+FFFD that the text has. So the first
  // byte that differs after encoding is the broken one.
  const again = Buffer.from(bytes.toString('utf8'));
  let at = 0;
  while (at < bytes.length && again[at] === bytes[at]) at += 1;
  return at;
}

/**
 * Says where bytes stop being UTF-8, and which text is before that place.
 * @param offset how many bytes of the source come before these
 */
export function explainBroken(bytes: Buffer, offset = 0): string {
  const at = findBroken(bytes);
  const before = bytes.toString('utf8', Math.max(0, at - 4 * CONTEXT_LENGTH - 3), at).slice(-CONTEXT_LENGTH);
  return `is not UTF-8 at byte ${offset + at + 1}, after ${JSON.stringify(before)}; convert the source, for example with iconv -f latin1 -t utf-8`;
}

/** How many bytes at the end begin a character whose other bytes are still to come. */
export function incompleteTail(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    // 11xxxxxx begins a character of two, three or four bytes; 10xxxxxx continues one.
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

/**
 * The beginning of bytes that are not UTF-8, to show it to people. Each byte becomes one character,
 * which is right for Latin-1 and loses nothing.
 */
export function showBroken(bytes: Buffer): string {
  return bytes.toString('latin1', 0, CLIPPED_LENGTH);
}
