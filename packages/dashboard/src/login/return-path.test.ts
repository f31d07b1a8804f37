import { describe, expect, it } from 'vitest';
import { returnPath } from './return-path.js';

describe('the way back after a login', () => {
  it('leads to the page that was asked for', () => {
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
  ])('never leads elsewhere: %j', (asked) => {
    expect(returnPath(asked, '')).toMatch(/^\/(?![/\\])/);
  });

  it('stays below the base path', () => {
    expect(returnPath('/other', '/bullpen')).toBe('/bullpen/');
    expect(returnPath('/bullpen/../other', '/bullpen')).toBe('/bullpen/');
  });
});
