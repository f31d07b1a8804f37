import { gzipSync } from 'node:zlib';
import { SourceInvalid } from '@bullpen/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyPieces, streamOf, streamOfPieces } from '../../test/read-all.js';
import { readText } from './source-text.js';

/** The text until its end or its failure, and the failure. */
async function readAll(source: AsyncIterable<Buffer>): Promise<{ text: string; failure: unknown }> {
  const pieces: Buffer[] = [];
  let failure: unknown;
  try {
    for await (const piece of readText(source)) pieces.push(piece);
  } catch (error) {
    failure = error;
  }
  return { text: Buffer.concat(pieces).toString('latin1'), failure };
}

describe('readText', () => {
  it.each<[string, Buffer, RegExp]>([
    [
      'UTF-16, little end first',
      Buffer.from('\ufeffid', 'utf16le'),
      /^the source looks like UTF-16; convert it to UTF-8, .*iconv/,
    ],
    ['UTF-16, big end first', Buffer.from('\ufeffid', 'utf16le').swap16(), /^the source looks like UTF-16; /],
    [
      'UTF-16 without its mark',
      Buffer.from('id\n', 'utf16le'),
      /^byte 2 of the source is NUL, .* looks like UTF-16; convert/,
    ],
    [
      'UTF-16 without its mark, big end first',
      Buffer.from('id\n', 'utf16le').swap16(),
      /^byte 1 of the source is NUL, .* looks like UTF-16; convert/,
    ],
    ['gzip', gzipSync('id\n1\n'), /^the source is compressed with gzip; .*zcat <file> \|/],
  ])('refuses %s, in whatever pieces it comes', async (_, bytes, message) => {
    for (const size of [1, 2, 3, 100]) {
      const { failure } = await readAll(streamOf(bytes, size));
      expect(failure).toBeInstanceOf(SourceInvalid);
      expect((failure as Error).message).toMatch(message);
    }
  });

  it.each(['1\n2\n\0\n3', '\ufeffa\0'])('yields a NUL further on: %j', async (text) => {
    for (const size of [1, 2, 3, 100]) {
      const { text: read, failure } = await readAll(streamOf(text, size));
      expect([read, failure]).toEqual([text.replace('\ufeff', ''), undefined]);
    }
  });

  it('cuts a large piece into smaller ones', async () => {
    const sizes: number[] = [];
    for await (const piece of readText(streamOfPieces([Buffer.alloc(150_000, 'x')]))) sizes.push(piece.length);
    expect(sizes).toEqual([65_536, 65_536, 18_928]);
  });

  it('yields every byte except one mark at the beginning, in whatever pieces they come', async () => {
    const anyText = fc.tuple(fc.boolean(), fc.string({ unit: fc.constantFrom('a', 'é', '\ufeff', '\n', '\ufffd') }));
    await fc.assert(
      fc.asyncProperty(
        anyPieces(anyText.map(([marked, text]) => (marked ? `\ufeff${text}` : text))),
        async ({ whole, pieces }) => {
          const { text, failure } = await readAll(streamOfPieces(pieces));
          expect(failure).toBeUndefined();
          expect(text).toBe(Buffer.from(whole.toString('utf8').replace(/^\ufeff/, '')).toString('latin1'));
        },
      ),
    );
  });
});
