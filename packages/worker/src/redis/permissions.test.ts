import { describe, expect, it } from 'vitest';
import { commandsOf, findDenied } from './permissions.js';

describe('findDenied', () => {
  const check = (...denied: string[]) => findDenied({ bullpenDenied: async () => denied }, 'p:mail:meta', ['get']);

  it('is content when nothing is denied', async () => {
    await expect(check()).resolves.toBeUndefined();
  });

  it('names what is denied, and what to allow', async () => {
    expect(await check('bzpopmin', 'zadd')).toBe(
      "NOPERM: the user may not run bzpopmin, zadd on 'p:mail:meta' (allow it: ACL SETUSER <user> +bzpopmin +zadd)",
    );
  });

  it('does not name all of many', async () => {
    expect(await check(...'abcdefg')).toMatch(
      /may not run a, b, c, d, e and 2 more commands on .*SETUSER <user> \+@all -@dangerous\)$/,
    );
  });
});

it('commandsOf finds the commands in scripts, however they call them', () => {
  const lua = `local x = redis.call('HGET', k, 'f') rcall("SADD", k) call( 'lpos', k) redis.pcall('PUBLISH', k)`;
  expect(commandsOf([{ lua }])).toEqual(expect.arrayContaining(['hget', 'sadd', 'lpos', 'bzpopmin']));
  expect(commandsOf([{ lua }])).not.toContain('publish');
});
