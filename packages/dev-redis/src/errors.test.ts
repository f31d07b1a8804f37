import { describe, expect, it } from 'vitest';
import { briefly, DevRedisUnavailable } from './errors.js';

describe('DevRedisUnavailable', () => {
  it('lists the ways that were tried and ends with the advice', () => {
    const error = new DevRedisUnavailable(
      [
        { way: 'path', reason: 'not there' },
        { way: 'docker', reason: 'no engine' },
      ],
      'Install one.',
    );
    expect(error.code).toBe('BULLPEN_DEV_REDIS_UNAVAILABLE');
    expect(error.message.split('\n')).toEqual([
      'No Redis could be started.',
      '  path    not there',
      '  docker  no engine',
      'Install one.',
    ]);
  });
});

describe('briefly', () => {
  it('gives the first line of a message', () => {
    expect(briefly(new Error('what happened\nand a stack'))).toBe('what happened');
  });

  it('gives the code when the message is empty', () => {
    expect(briefly(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }))).toBe('ECONNREFUSED');
  });

  it('knows what is no Redis', () => {
    expect(briefly(new Error('Unknown RESP type 72 "H". Please report this.'))).toBe('what answers there is no Redis');
  });

  it('describes any thrown value', () => {
    expect(briefly('a string')).toBe('a string');
  });
});
