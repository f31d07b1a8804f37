import { describe, expect, it } from 'vitest';
import { hidePassword } from './url.js';

describe('hidePassword', () => {
  it.each([
    ['redis://127.0.0.1:6379/1', 'redis://127.0.0.1:6379/1'],
    ['redis://:secret@host:6379', 'redis://***@host:6379'],
    ['rediss://user:secret@host', 'rediss://***@host'],
    ['redis://user:se/cr@et@host', 'redis://***@host'],
  ])('shows %s as %s', (url, shown) => {
    expect(hidePassword(url)).toBe(shown);
  });
});
