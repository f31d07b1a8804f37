import { expect, it } from 'vitest';
import { obeyEvents } from './engine-events.js';

it('gives a script of BullMQ our way to tell events, and leaves one alone that tells none', () => {
  const changed = obeyEvents('local rcall = redis.call\nrcall("XADD", KEYS[1], "*", "event", "active")');
  expect(changed.endsWith('local rcall = redis.call\naddEvent(KEYS[1], "*", "event", "active")')).toBe(true);
  expect(obeyEvents('return 1')).toBe('return 1');
});
