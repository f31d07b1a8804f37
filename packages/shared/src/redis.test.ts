import { describe, expect, it } from 'vitest';
import { ConfigInvalid } from './errors.js';
import { openRedis, showRedis } from './redis.js';

describe('openRedis', () => {
  it.each(['http://host', 'redis://user:100%@host', 'redis://host/zero', ''])('opens nothing for %j', (url) => {
    expect(() => openRedis(url, 'producer', 'test')).toThrow(ConfigInvalid);
    expect(() => openRedis({ url, tls: {} }, 'worker', 'test')).toThrow(/^invalid Redis address: redis: /);
  });
});

describe('showRedis', () => {
  it('shows where Redis is, without user and password, of either kind of address', () => {
    expect(showRedis('redis://user:secret@host:6379/0')).toBe('redis://host:6379/0');
    expect(showRedis({ url: "rediss://user:s'e@c@host", tls: { rejectUnauthorized: false } })).toBe('rediss://host');
  });
});
