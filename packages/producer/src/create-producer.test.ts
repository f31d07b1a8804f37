import { ConfigInvalid, OptionsInvalid } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { createProducer } from './create-producer.js';

describe('createProducer', () => {
  it('names all wrong options at once, before it opens a connection', () => {
    const create = () => createProducer({ redis: 'redis://127.0.0.1:1', prefix: 'a:b', redisTimeout: 'soon' as never });
    expect(create).toThrow(OptionsInvalid);
    expect(create).toThrow(
      /^cannot create the producer: redisTimeout: expected a duration .*; prefix: expected 1 to 100/,
    );
  });

  it('refuses a redisTimeout that is too long for a timer, which would fire at once', () => {
    expect(() => createProducer({ redis: 'redis://127.0.0.1:1', redisTimeout: '25d' })).toThrow(
      'redisTimeout: expected at most 24 days',
    );
  });

  it('refuses an invalid address without showing its password', () => {
    const create = () => createProducer({ redis: 'http://user:hunter2@host' });
    expect(create).toThrow(ConfigInvalid);
    expect(create).not.toThrow(/hunter2/);
  });
});
