import { describe, expect, it } from 'vitest';
import { mayEvict, readServer, tooOld } from './redis-server.js';

describe('readServer', () => {
  it('reads the version and the eviction policy, and nothing from an empty text', () => {
    const info = '# Server\r\nredis_version:7.0.15\r\nos:Linux\r\n# Memory\r\nmaxmemory_policy:allkeys-lru\r\n';
    expect(readServer(info)).toEqual({ version: '7.0.15', evictionPolicy: 'allkeys-lru' });
    expect(readServer('')).toEqual({ version: undefined, evictionPolicy: undefined });
  });
});

describe('tooOld', () => {
  it.each(['7.0.0', '7.0.15', '7.2.4', '10.0.0', '8.4.0', 'unknown', undefined])('accepts Redis %s', (version) => {
    expect(tooOld({ version, evictionPolicy: undefined }, 'redis://r:1')).toBeUndefined();
  });

  it.each(['5.0.14', '6.2.14', '2.8.19'])('says that Redis %s is too old, and what is needed', (version) => {
    const says = `Redis at redis://r:1 cannot be used: it is Redis ${version}, and Bullpen needs Redis 7.0 or newer, or Valkey`;
    for (const unanswered of [false, true]) {
      const error = tooOld({ version, evictionPolicy: undefined }, 'redis://r:1', unanswered);
      expect(error).toMatchObject({ code: 'BULLPEN_REDIS_UNAVAILABLE', message: says, unanswered });
    }
  });
});

describe('mayEvict', () => {
  it('says what to do about another policy than noeviction', () => {
    const policy = (evictionPolicy?: string) => mayEvict({ version: undefined, evictionPolicy });
    expect(policy('volatile-lru')).toMatch(/may delete jobs .* is volatile-lru; set it to noeviction$/);
    expect([policy('noeviction'), policy(undefined)]).toEqual([undefined, undefined]);
  });
});
