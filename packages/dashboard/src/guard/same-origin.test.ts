import { describe, expect, it } from 'vitest';
import { isSameOrigin } from './same-origin.js';

const host = 'jobs.example:3000';

describe('a request that changes something', () => {
  it.each([
    ['our own page, as the browser says', { site: 'same-origin', origin: 'https://elsewhere.example', host }, true],
    ['our own page, as its origin says', { site: undefined, origin: `https://${host}`, host }, true],
    [
      'our own page, with its default port in the host',
      { site: undefined, origin: 'http://jobs.example', host: 'jobs.example:80' },
      true,
    ],
    ['another site', { site: 'cross-site', origin: `https://${host}`, host }, false],
    ['another host of the same site', { site: 'same-site', origin: `https://${host}`, host }, false],
    ['an address that was typed, or a bookmark', { site: 'none', origin: undefined, host }, false],
    ['another port', { site: undefined, origin: 'https://jobs.example:3001', host }, false],
    ['a host that begins like ours', { site: undefined, origin: `https://${host}.evil.example`, host }, false],
    ['a page without an origin', { site: undefined, origin: 'null', host }, false],
    ['a request without both headers', { site: undefined, origin: undefined, host }, false],
  ])('%s', (_, origins, allowed) => {
    expect(isSameOrigin(origins)).toBe(allowed);
  });
});
