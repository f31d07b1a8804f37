import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigInvalid } from '../job/errors/call-errors.js';
import { commonSettings } from './command-settings.js';
import { readConfig } from './config.js';

const folder = mkdtempSync(join(tmpdir(), 'setting-value-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The path of a file with this text. */
function fileOf(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const { redis } = commonSettings;

/** The address that was read, or what is wrong. */
function read(flags: Record<string, string>, environment: Record<string, string> = {}): string {
  try {
    return readConfig({ redis }, flags, environment).redis;
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigInvalid);
    return (error as Error).message.replace('invalid configuration: ', '');
  }
}

describe('a value that a file holds', () => {
  const good = fileOf('good', '  redis://u:p@file:1/2\r\n\n');

  it('is read from the file that the flag or the variable names, without white space around it', () => {
    expect(read({ redisFile: good })).toBe('redis://u:p@file:1/2');
    expect(read({}, { REDIS_URL_FILE: good })).toBe('redis://u:p@file:1/2');
    expect(read({}, { REDIS_URL_FILE: '' })).toBe('redis://127.0.0.1:6379');
  });

  it('goes over the environment when a flag names it, and under the flag of the value', () => {
    expect(read({ redisFile: good }, { REDIS_URL: 'redis://env' })).toBe('redis://u:p@file:1/2');
    expect(read({ redis: 'redis://flag' }, { REDIS_URL_FILE: '/none' })).toBe('redis://flag');
  });

  it('is refused beside the value itself', () => {
    expect(read({ redis: 'redis://flag', redisFile: good })).toBe('--redis-file: --redis is set as well; set one');
    expect(read({}, { REDIS_URL: 'redis://env', REDIS_URL_FILE: good })).toBe(
      'REDIS_URL_FILE: REDIS_URL is set as well; set one',
    );
  });

  it.each([
    ['a missing file', () => join(folder, 'none'), /^there is no file \/.*none$/],
    ['a folder', () => folder, /is a folder$/],
    ['an empty file', () => fileOf('empty', ' \n'), /empty is empty$/],
    ['many lines', () => fileOf('many', 'redis://u:hunter2@a\nredis://b\n'), /many has more than one line$/],
    ['no path', () => '', /^expected the path of a file$/],
    ['a path that no file can have', () => 'a\0b', /^ERR_INVALID_ARG_VALUE$/],
    ['a wrong address in it', () => fileOf('wrong', 'bob:hunter2@host'), /^expected redis:\/\//],
    ['the address itself', () => 'bob:hunt/er2@host', /^there is no file \*\*\*@host$/],
  ])('is refused when the flag names %s', (_, path, says) => {
    const message = read({ redisFile: path() });
    expect(message).toMatch(/^--redis-file: /);
    expect(message.replace('--redis-file: ', '')).toMatch(says);
    expect(message).not.toContain('hunter2');
  });

  it.skipIf(process.getuid?.() === 0)('is refused when this user may not read it', () => {
    const path = fileOf('locked', 'redis://host');
    mkdirSync(join(folder, 'closed'), { mode: 0 });
    expect(read({ redisFile: join(folder, 'closed', path) })).toMatch(/this user may not read/);
  });
});
