import { describe, expect, it } from 'vitest';
import { ConfigInvalid } from '../job/errors/call-errors.js';
import { eventsSettings } from './command-settings.js';
import { readConfig } from './config.js';

const read = (text?: string) => readConfig(eventsSettings, text === undefined ? {} : { events: text }, {}).events;

describe('eventsSetting', () => {
  it('reads one value, or one for each queue', () => {
    expect(read()).toBeUndefined();
    expect(read('all')).toBe('all');
    expect(read('mails:all')).toEqual({ mails: 'all' });
    expect(read('mails:all, clicks:none')).toEqual({ mails: 'all', clicks: 'none' });
  });

  it('refuses what it cannot read', () => {
    for (const text of ['some', 'all,none', 'mails:', 'mails:some', 'mails:all,none', ':all']) {
      const reading = () => read(text);
      expect(reading, text).toThrow(ConfigInvalid);
      expect(reading, text).toThrow('expected all, ends or none, or by queue such as mails:all,clicks:none');
    }
  });
});
