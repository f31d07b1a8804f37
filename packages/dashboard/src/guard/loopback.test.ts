import { describe, expect, it } from 'vitest';
import { namesLoopback } from './loopback.js';

describe('a host that names the loopback', () => {
  it.each(['localhost', 'localhost:3000', 'LOCALHOST', '127.0.0.1:3000', '127.1.2.3', '[::1]:3000'])('%s', (host) => {
    expect(namesLoopback(host)).toBe(true);
  });

  it.each([
    ...['evil.example:3000', '127.0.0.1.evil.example', 'localhost.evil.example', '127.0.0.1@evil.example', ''],
    ...['0.0.0.0:3000', '192.168.0.1', '[::2]', 'evil.example/@127.0.0.1', 'evil.example#127.0.0.1', undefined],
  ])('is not %s', (host) => {
    expect(namesLoopback(host)).toBe(false);
  });
});
