import { describe, expect, it } from 'vitest';
import { classifyAnswer } from './classify-answer.js';

const now = 1_000_000;
const kindOf = (status: number, retryAfter: string | null = null) => classifyAnswer(status, retryAfter, now).kind;

describe('classifyAnswer', () => {
  it.each([200, 201, 202, 204, 299])('%i: the receiver has the event', (status) => {
    expect(kindOf(status)).toBe('delivered');
  });

  it.each([400, 401, 403, 404, 409, 410, 422, 451])('%i: the receiver will never accept it', (status) => {
    expect(classifyAnswer(status, '5', now)).toEqual({ kind: 'refused', reason: `the receiver answered ${status}` });
  });

  it.each([429, 503])('%i with Retry-After: the receiver asked to wait', (status) => {
    expect(classifyAnswer(status, '5', now)).toEqual({ kind: 'later', waitMs: 5_000 });
  });

  it.each([301, 302, 307, 408, 425, 429, 500, 502, 503, 504])('%i: not now', (status) => {
    expect(classifyAnswer(status, null, now)).toEqual({
      kind: 'unavailable',
      reason: `the receiver answered ${status}`,
    });
  });

  it('uses Retry-After only where it is about load, and only when it is valid', () => {
    expect(kindOf(500, '5')).toBe('unavailable');
    expect(kindOf(408, '5')).toBe('unavailable');
    expect(kindOf(503, 'soon')).toBe('unavailable');
  });
});
