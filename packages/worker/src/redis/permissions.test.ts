import { RedisUnavailable } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { checkPermissions, commandsOf } from './permissions.js';

describe('checkPermissions', () => {
  const check = (...denied: string[]) =>
    checkPermissions({ bullpenDenied: async () => denied }, 'p:mail:meta', ['get'], 'redis://host');

  it('is content when nothing is denied', async () => {
    await expect(check()).resolves.toBeUndefined();
  });

  it('names what is denied, and what to allow', async () => {
    await expect(check('bzpopmin', 'zadd')).rejects.toThrow(RedisUnavailable);
    await expect(check('bzpopmin', 'zadd')).rejects.toThrow(
      "Redis at redis://host refused us: NOPERM: the user may not run bzpopmin, zadd on 'p:mail:meta' (allow it: ACL SETUSER <user> +bzpopmin +zadd)",
    );
  });

  it('does not name all of many', async () => {
    await expect(check(...'abcdefg')).rejects.toThrow(
      /may not run a, b, c, d, e and 2 more commands on .*SETUSER <user> \+@all -@dangerous\)$/,
    );
  });
});

it('commandsOf finds the commands in scripts, however they call them', () => {
  const lua = `local x = redis.call('HGET', k, 'f') rcall("SADD", k) call( 'lpos', k) redis.pcall('PUBLISH', k)`;
  expect(commandsOf([{ lua }])).toEqual(expect.arrayContaining(['hget', 'sadd', 'lpos', 'bzpopmin']));
  expect(commandsOf([{ lua }])).not.toContain('publish');
});
