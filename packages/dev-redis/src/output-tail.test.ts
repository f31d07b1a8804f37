import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { keepTail } from './output-tail.js';

describe('keepTail', () => {
  it('keeps the end of a stream and reads it to its end', async () => {
    const stream = new PassThrough();
    const tail = keepTail(stream);
    for (let line = 1; line <= 10_000; line += 1) stream.write(`line ${line}\n`);
    stream.end();
    await finished(stream);
    expect(tail.lastLine()).toBe('line 10000');
    expect(tail.text().length).toBeLessThanOrEqual(4_000);
  });
});
