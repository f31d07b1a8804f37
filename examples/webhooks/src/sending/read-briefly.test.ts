import { describe, expect, it } from 'vitest';
import { readBriefly } from './read-briefly.js';

describe('readBriefly', () => {
  it('returns the beginning of the body on one line', async () => {
    expect(await readBriefly(new Response('the shop\n  has closed\n'))).toBe('the shop has closed');
    expect(await readBriefly(new Response('x'.repeat(1_000)))).toBe('x'.repeat(200));
    expect(await readBriefly(new Response(null, { status: 204 }))).toBe('');
  });

  it('cancels an endless body', async () => {
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(16 * 1_024).fill(65)),
      cancel: () => {
        cancelled = true;
      },
    });
    expect(await readBriefly(new Response(endless))).toBe('A'.repeat(200));
    expect(cancelled).toBe(true);
  });
});
