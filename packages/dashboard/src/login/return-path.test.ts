import { describe, expect, it } from 'vitest';
import { returnPath } from './return-path.js';

describe('the page after a login', () => {
  it('is the requested page', () => {
    expect(returnPath('/batches?stage=running', '')).toBe('/batches?stage=running');
    expect(returnPath('/bullpen/queue/mail', '/bullpen')).toBe('/bullpen/queue/mail');
  });

  it.each([
    '//evil.example/',
    '//',
    '//:',
    '/\\evil.example/',
    '/\t/evil.example/',
    '/..//evil.example/',
    '/a/..//evil.example',
    'https://evil.example/',
    'javascript:alert(1)',
    '',
    undefined,
    ['/batches'],
  ])('is never on another host: %j', (asked) => {
    expect(returnPath(asked, '')).toMatch(/^\/(?![/\\])/);
  });

  it('is below the base path', () => {
    expect(returnPath('/other', '/bullpen')).toBe('/bullpen/');
    expect(returnPath('/bullpen/../other', '/bullpen')).toBe('/bullpen/');
  });
});
