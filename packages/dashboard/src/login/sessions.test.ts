import { describe, expect, it } from 'vitest';
import { checkAgainst } from './credentials.js';
import { Sessions } from './sessions.js';

describe('sessions', () => {
  it('last exactly as long as they should', () => {
    let now = 0;
    const sessions = new Sessions(1_000, () => now);
    const id = sessions.begin();
    now = 999;
    expect(sessions.has(id)).toBe(true);
    now = 1_000;
    expect(sessions.has(id)).toBe(false);
  });

  it('end when their own user logs out', () => {
    const sessions = new Sessions(1_000, () => 0);
    const [mine, other] = [sessions.begin(), sessions.begin()];
    sessions.end(mine);
    expect([sessions.has(mine), sessions.has(other), sessions.has(undefined), sessions.has('')]).toEqual([
      ...[false, true, false, false],
    ]);
  });

  it('are limited in number', () => {
    const sessions = new Sessions(1_000, () => 0);
    const first = sessions.begin();
    for (let n = 0; n < 1_000; n += 1) sessions.begin();
    expect(sessions.has(first)).toBe(false);
  });
});

describe('credentials', () => {
  const check = checkAgainst({ user: 'bullpen', password: 'correct-horse' });

  it.each([
    ['bullpen', 'correct-horse', true],
    ['bullpen', 'correct-horsE', false],
    ['Bullpen', 'correct-horse', false],
    ['', '', false],
    ['correct-horse', 'bullpen', false],
  ])('%s with %s', (user, password, right) => {
    expect(check(user, password)).toBe(right);
  });
});
