import { describe, expect, it } from 'vitest';
import { declaredEvents, eventsFaults } from './events.js';

describe('eventsFaults', () => {
  it('takes one value, or one for each queue', () => {
    for (const option of [undefined, 'all', 'ends', 'none', {}, { mails: 'all', clicks: 'none', x: undefined }]) {
      expect(eventsFaults(option)).toEqual([]);
    }
  });

  it('says what was expected and what was given', () => {
    const expected = "expected 'all', 'ends' or 'none'";
    const whole = `${expected}, or one of them for each queue such as { mails: 'all' }, got`;
    expect(eventsFaults('some')).toEqual([{ path: 'events', reason: `${whole} 'some'` }]);
    expect(eventsFaults(true)).toEqual([{ path: 'events', reason: `${whole} true` }]);
    expect(eventsFaults(['all'])).toEqual([{ path: 'events', reason: `${whole} an object` }]);
    expect(eventsFaults({ mails: 'all', clicks: 'ALL' })).toEqual([
      { path: 'events.clicks', reason: `${expected}, got 'ALL'` },
    ]);
  });
});

describe('declaredEvents', () => {
  it('is what was declared for the queue', () => {
    expect(declaredEvents('all', 'mails')).toBe('all');
    expect(declaredEvents({ mails: 'none' }, 'mails')).toBe('none');
    expect(declaredEvents({ mails: 'none' }, 'clicks')).toBeUndefined();
    expect(declaredEvents({}, 'constructor')).toBeUndefined();
    expect(declaredEvents(undefined, 'mails')).toBeUndefined();
  });
});
