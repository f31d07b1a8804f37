import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { PAYLOAD_BYTES } from '../enqueue/payload.js';
import { readData } from './read-data.js';

/** Reads `--data -` from a standard input of these pieces. */
const fromInput = (...pieces: (string | Buffer)[]) =>
  readData('-', Readable.from(pieces.map((piece) => Buffer.from(piece))), () => undefined);

describe('readData', () => {
  it('reads JSON from the flag, and keeps its text', async () => {
    const json = '{"a":1, "b":12345678901234567890}';
    expect(await readData(` ${json}\n`, Readable.from([]), () => undefined)).toMatchObject({ json, value: { a: 1 } });
  });

  it('reads JSON from the standard input, with and without a mark, in pieces within a character', async () => {
    const bytes = Buffer.from('{"a":"ü"}');
    for (const pieces of [[bytes.subarray(0, 7), bytes.subarray(7)], ['{"a":', '"ü"}\n'], ['\uFEFF{"a":"ü"}']]) {
      expect(await fromInput(...pieces)).toMatchObject({ value: { a: 'ü' } });
    }
  });

  it.each([
    ['nothing', [], /^cannot enqueue: the standard input: is empty; expected the payload as JSON$/],
    ['spaces', [' \n'], /is empty/],
    ['broken JSON', ['{\n "a": 1,\n}'], /: is not JSON: .* at position 11 \(line 3 column 1\)$/],
    ['text', ['hello'], /: is not JSON: .*hello/],
    ['bytes of another encoding', [Buffer.from('"caf\xe9"', 'latin1')], /: is not UTF-8$/],
    ['too much', [' '.repeat(4 * PAYLOAD_BYTES), '1'], /: has more than 4194304 bytes; a payload has 1048576 at most/],
  ])('refuses %s with the exit code of wrong data', async (_, pieces, says) => {
    const error = await fromInput(...pieces).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'BULLPEN_PAYLOAD_INVALID', message: expect.stringMatching(says) });
  });

  it('says the line and the column of a fault in the flag', async () => {
    await expect(readData('{\n"a":1,}', Readable.from([]), () => undefined)).rejects.toMatchObject({
      code: 'BULLPEN_PAYLOAD_INVALID',
      message: expect.stringMatching(/^cannot enqueue: --data: is not JSON: .* at position 8 \(line 2 column 7\)$/),
    });
  });

  it.each([
    ['nothing', '', /^cannot enqueue: --data: is empty; expected the payload as JSON$/],
    ['the name of a file', '@order.json', /--data: is not JSON: .*; to read a file, write: --data - < file$/],
  ])('refuses %s in the flag', async (_, data, says) => {
    await expect(readData(data, Readable.from([]), () => undefined)).rejects.toThrow(says);
  });

  it('tells a terminal what it waits for', async () => {
    const said: string[] = [];
    const terminal = Object.assign(Readable.from([Buffer.from('1')]), { isTTY: true });
    await readData('-', terminal, (line) => said.push(line));
    expect(said).toEqual(['type the payload as JSON, then Ctrl-D on a line of its own']);
  });
});
