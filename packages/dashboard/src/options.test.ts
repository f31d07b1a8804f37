import { OptionsInvalid } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { type DashboardOptions, readOptions } from './options.js';

const redis = 'redis://127.0.0.1:6379';
const password = 'correct-horse-battery';

const faultsOf = (
  options: Omit<Partial<DashboardOptions>, 'session'> & { readonly session?: string },
): readonly string[] => {
  try {
    readOptions({ redis, ...options } as DashboardOptions);
  } catch (error) {
    if (error instanceof OptionsInvalid) return error.faults.map(({ path }) => path);
    throw error;
  }
  return [];
};

describe('the options of a dashboard', () => {
  it('listen on loopback without a password, everywhere with one', () => {
    expect(readOptions({ redis }).host).toBe('127.0.0.1');
    expect(readOptions({ redis, password }).host).toBe('0.0.0.0');
  });

  it.each([
    ['an address that others reach, without a password', { host: '0.0.0.0' }, ['host']],
    ['a name that only looks like loopback', { host: '127.evil.example' }, ['host']],
    ['a short password', { password: 'short' }, ['password']],
    ['an empty password', { password: '' }, ['password']],
    ['a key for a password', { password: 'a key\n'.repeat(3) }, ['password']],
    ['a password of a book', { password: 'a'.repeat(2_000) }, ['password']],
    ['a user that HTTP Basic cannot tell', { user: 'a:b' }, ['user']],
    ['no port', { port: 70_000 }, ['port']],
    ['a base path that is a URL', { basePath: 'https://jobs.example/bullpen' }, ['basePath']],
    ['a base path that is taken', { basePath: '/livez/' }, ['basePath']],
    ['a base path that leads elsewhere', { basePath: '//evil.example' }, ['basePath']],
    ['a session of a second', { session: '1s' }, ['session']],
    ['paths that match everything', { redact: ['*', 'a..b'] }, ['redact', 'redact']],
    ['a proxy that is none', { trustProxy: ['10.0.0.0/64', 'all'] }, ['trustProxy', 'trustProxy']],
    ['all of it at once', { port: -1, basePath: 'x', user: '' }, ['port', 'basePath', 'user']],
  ])('refuse %s', (_, options, faults) => {
    expect(faultsOf(options)).toEqual(faults);
  });

  it('take loopback in all its forms', () => {
    for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) expect(faultsOf({ host })).toEqual([]);
  });

  it('read a base path with and without a slash at its end', () => {
    expect(readOptions({ redis, basePath: '/bullpen/' }).base).toBe('/bullpen');
    expect(readOptions({ redis, basePath: '/' }).base).toBe('');
  });
});
