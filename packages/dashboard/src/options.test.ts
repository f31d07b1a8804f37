import { OptionsInvalid } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { type DashboardOptions, readOptions } from './options.js';

const redis = 'redis://127.0.0.1:6379';
const password = 'correct-horse-battery';

const faultsOf = (options: object): readonly string[] => {
  try {
    readOptions({ redis, ...options } as DashboardOptions);
  } catch (error) {
    if (error instanceof OptionsInvalid) return error.faults.map(({ path }) => path);
    throw error;
  }
  return [];
};

describe('the options of a dashboard', () => {
  it('listen on loopback without a password, and on all addresses with one', () => {
    expect(readOptions({ redis }).host).toBe('127.0.0.1');
    expect(readOptions({ redis, password }).host).toBe('0.0.0.0');
  });

  it.each([
    ['an address that other machines can reach, without a password', { host: '0.0.0.0' }, ['host']],
    ['a name that only looks like loopback', { host: '127.evil.example' }, ['host']],
    ['a short password', { password: 'short' }, ['password']],
    ['an empty password', { password: '' }, ['password']],
    ['a key as the password', { password: 'a key\n'.repeat(3) }, ['password']],
    ['a password that is too long', { password: 'a'.repeat(2_000) }, ['password']],
    ['a user with a colon, which HTTP Basic cannot send', { user: 'a:b' }, ['user']],
    ['a number that is not a port', { port: 70_000 }, ['port']],
    ['a base path that is a URL', { basePath: 'https://jobs.example/bullpen' }, ['basePath']],
    ['a base path that is reserved', { basePath: '/livez/' }, ['basePath']],
    ['a base path that leads to another host', { basePath: '//evil.example' }, ['basePath']],
    ['a session of one second', { session: '1s' }, ['session']],
    ['paths that match everything', { redact: ['*', 'a..b'] }, ['redact', 'redact']],
    ['a proxy that is not an address', { trustProxy: ['10.0.0.0/64', 'all'] }, ['trustProxy', 'trustProxy']],
    ['an option that it does not have', { passwrd: 'x', connection: {} }, ['passwrd', 'connection']],
    ['a text instead of a list, each character of which would be a name', { redact: 'password' }, ['redact']],
    ['what is no text in a list', { redact: [/iban/], trustProxy: [10] }, ['redact', 'trustProxy']],
    ['read-only as text', { readOnly: 'false' }, ['readOnly']],
    ['a user and a password that are no texts', { user: 5, password: 123_456_789_012 }, ['user', 'password']],
    ['several options at once', { port: -1, basePath: 'x', user: '' }, ['port', 'basePath', 'user']],
  ])('refuse %s', (_, options, faults) => {
    expect(faultsOf(options as never)).toEqual(faults);
  });

  it('accept loopback in all its forms', () => {
    for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) expect(faultsOf({ host })).toEqual([]);
  });

  it('accept a base path with and without a slash at its end', () => {
    expect(readOptions({ redis, basePath: '/bullpen/' }).base).toBe('/bullpen');
    expect(readOptions({ redis, basePath: '/' }).base).toBe('');
  });
});
