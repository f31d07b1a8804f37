import { isUtf8 } from 'node:buffer';
import { CLIPPED_LENGTH } from './source-row.js';

/** How many characters are shown before the place where a text stops being UTF-8. */
const CONTEXT_LENGTH = 20;

/** The index of the first byte that is not UTF-8. Call it only for bytes that are not UTF-8. */
function findBroken(bytes: Buffer): number {
  // Decoding replaces broken bytes by U+FFFD, and keeps a U+FFFD that the text has. So the first
  // byte that differs after encoding is the broken one.
  const again = Buffer.from(bytes.toString('utf8'));
  let at = 0;
  while (at < bytes.length && again[at] === bytes[at]) at += 1;
  return at;
}

/** Says where bytes stop being UTF-8, and which text is before that place. */
function explainBroken(bytes: Buffer): string {
  const at = findBroken(bytes);
  return `is not UTF-8 at byte ${at + 1}, after ${textBefore(bytes, at)}; convert the source, for example with iconv -f latin1 -t utf-8`;
}

/** Why the bytes of a row are no text. `undefined` when they are. */
export function textFault(bytes: Buffer): string | undefined {
  if (!isUtf8(bytes)) return explainBroken(bytes);
  const nul = bytes.indexOf(0);
  return nul < 0 ? undefined : `has a NUL at byte ${nul + 1}, which no text has, after ${textBefore(bytes, nul)}`;
}

/** The end of the text before byte `at`, quoted. */
function textBefore(bytes: Buffer, at: number): string {
  return JSON.stringify(bytes.toString('utf8', Math.max(0, at - 4 * CONTEXT_LENGTH - 3), at).slice(-CONTEXT_LENGTH));
}

/**
 * The beginning of bytes that are no text, to show it to people. Each byte becomes one character,
 * which is right for Latin-1 and loses nothing.
 */
export function showBroken(bytes: Buffer): string {
  return bytes.toString('latin1', 0, CLIPPED_LENGTH);
}
