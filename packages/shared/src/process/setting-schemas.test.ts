import { describe, expect, it } from 'vitest';
import { eventsSetting } from './setting-schemas.js';

describe('eventsSetting', () => {
  it('reads one value, or one for each queue', () => {
    expect(eventsSetting.parse(undefined)).toBeUndefined();
    expect(eventsSetting.parse('all')).toBe('all');
    expect(eventsSetting.parse('mails:all')).toEqual({ mails: 'all' });
    expect(eventsSetting.parse('mails:all, clicks:none')).toEqual({ mails: 'all', clicks: 'none' });
  });

  it('refuses what it cannot read', () => {
    for (const text of ['', 'some', 'all,none', 'mails:', 'mails:some', 'mails:all,none', ':all']) {
      expect(eventsSetting.safeParse(text).error?.issues[0]?.message, text).toBe(
        'expected all, ends or none, or by queue such as mails:all,clicks:none',
      );
    }
  });
});
