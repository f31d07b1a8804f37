import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { ConfigInvalid } from '../job/errors/call-errors.js';
import { commonSettings } from './command-settings.js';
import { readConfig } from './config.js';
import {
  choiceSetting,
  countSetting,
  durationFrom,
  durationSetting,
  optional,
  optionalDateSetting,
  optionalDurationFrom,
  optionalDurationSetting,
  portSetting,
  switchSetting,
  textSetting,
} from './setting-schemas.js';

const settings = {
  count: { flag: '--count <n>', env: 'COUNT', schema: countSetting(100), default: 20 },
  wait: { flag: '--wait <duration>', env: 'WAIT', schema: durationSetting, default: '5s' },
  grace: { flag: '--grace <duration>', schema: optionalDurationSetting },
};

/** The faults of a reading, each as `flag-or-variable: reason`. */
function faultsOf(read: () => unknown): readonly string[] {
  try {
    read();
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigInvalid);
    return (error as ConfigInvalid).faults.map(({ path, reason }) => `${path}: ${reason}`);
  }
}

describe('readConfig', () => {
  it('takes the default when nothing was given', () => {
    const config = readConfig(settings, {}, {});
    expect(config).toEqual({ count: 20, wait: 5_000, grace: undefined });
    expectTypeOf(config).toEqualTypeOf<{
      readonly count: number;
      readonly wait: number;
      readonly grace: number | undefined;
    }>();
  });

  it('takes the environment over the default, and the flag over the environment', () => {
    const environment = { COUNT: '7', WAIT: '2s' };
    expect(readConfig(settings, {}, environment)).toMatchObject({ count: 7, wait: 2_000 });
    expect(readConfig(settings, { count: '8', wait: '3s' }, environment)).toMatchObject({ count: 8, wait: 3_000 });
  });

  it('counts an empty variable as absent, and an empty flag as wrong', () => {
    expect(readConfig(settings, {}, { COUNT: '', WAIT: '' })).toMatchObject({ count: 20, wait: 5_000 });
    expect(faultsOf(() => readConfig(settings, { count: '', wait: '' }, {}))).toEqual([
      "--count: expected a whole number from 1 to 100, got ''",
      "--wait: expected a duration such as '30s' or milliseconds, got ''",
    ]);
  });

  it('names every fault at once, each by the flag or the variable that it came from', () => {
    const read = () => readConfig(settings, { count: '0', grace: 'soon' }, { COUNT: '7', WAIT: '-1s' });
    expect(faultsOf(read)).toEqual([
      "--count: expected a whole number from 1 to 100, got '0'",
      "WAIT: a duration cannot be negative, got '-1s'",
      "--grace: expected a duration such as '30s' or milliseconds, got 'soon'",
    ]);
    expect(read).toThrow(/^invalid configuration: --count: .*; WAIT: .*; --grace: /);
  });

  it('ignores a wrong variable when the flag is given', () => {
    expect(readConfig(settings, { count: '3' }, { COUNT: 'many' })).toMatchObject({ count: 3 });
  });

  it('reads no variable for a setting that has none', () => {
    expect(readConfig(settings, {}, { grace: '1s', GRACE: '1s', undefined: '1s' }).grace).toBeUndefined();
  });

  it('names the variable of a setting that has no flag', () => {
    const secret = { password: { env: 'PASSWORD', schema: z.string('set a password').min(3, 'too short') } };
    expect(faultsOf(() => readConfig(secret, {}, {}))).toEqual(['PASSWORD: set a password']);
    expect(faultsOf(() => readConfig(secret, {}, { PASSWORD: 'a' }))).toEqual(['PASSWORD: too short']);
  });

  it('says which flag is missing when there is no default', () => {
    const required = { jobs: { flag: '--jobs <module>', env: 'JOBS', schema: z.string('name the module') } };
    expect(faultsOf(() => readConfig(required, {}, {}))).toEqual(['--jobs: name the module']);
  });
});

describe('durationSetting', () => {
  it('takes a bare number as milliseconds, as flags are always text', () => {
    expect(readConfig(settings, { wait: '500', grace: '500' }, {})).toMatchObject({ wait: 500, grace: 500 });
    expect(readConfig(settings, { wait: '0' }, {})).toMatchObject({ wait: 0 });
  });

  it.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5h', 5_400_000],
  ])('reads %s as %i ms', (text, wait) => {
    expect(readConfig(settings, { wait: text }, {}).wait).toBe(wait);
  });

  it('returns milliseconds or one fault, whatever was typed', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const faults = faultsOf(() => {
          expect(Number.isSafeInteger(readConfig(settings, { wait: text }, {}).wait)).toBe(true);
        });
        expect(faults.length).toBeLessThanOrEqual(1);
      }),
      { examples: [['99999999999999999999'], ['-5'], ['0x10'], ['1e3'], ['٣']] },
    );
  });
});

describe('countSetting', () => {
  it('takes whole numbers from 1 to the maximum', () => {
    expect(['1', '50', '100'].map((count) => readConfig(settings, { count }, {}).count)).toEqual([1, 50, 100]);
  });

  it('refuses everything else with one message', () => {
    for (const count of ['0', '-1', '101', '1.5', '-0.5', 'many', 'NaN', 'Infinity', '']) {
      expect(faultsOf(() => readConfig(settings, { count }, {}))).toEqual([
        `--count: expected a whole number from 1 to 100, got '${count}'`,
      ]);
    }
  });
});

describe('switchSetting', () => {
  const switches = { stuck: { flag: '--stuck', env: 'STUCK', schema: switchSetting } };
  const read = (flags: Record<string, unknown>, environment: Record<string, string>) =>
    readConfig(switches, flags, environment).stuck;

  it('is off when nothing was given, or an empty variable', () => {
    expect([read({}, {}), read({}, { STUCK: '' })]).toEqual([false, false]);
    expectTypeOf(readConfig(switches, {}, {}).stuck).toEqualTypeOf<boolean>();
  });

  it('is on for a flag without a value, whatever the variable says', () => {
    expect([read({ stuck: true }, {}), read({ stuck: true }, { STUCK: '0' })]).toEqual([true, true]);
    expect([read({ stuck: false }, {}), read({ stuck: false }, { STUCK: '1' })]).toEqual([false, false]);
  });

  it.each([
    ['1', true],
    ['true', true],
    ['0', false],
    ['false', false],
  ])('reads %s in the environment as %s', (text, on) => {
    expect(read({}, { STUCK: text })).toBe(on);
  });

  it.each(['2', 'yes', 'on', 'TRUE', ' 1', '-1'])('refuses %j, and names the variable', (text) => {
    expect(faultsOf(() => read({}, { STUCK: text }))).toEqual([`STUCK: expected 1 or 0, got '${text}'`]);
  });

  it('refuses a flag with a value that is no switch', () => {
    expect(faultsOf(() => read({ stuck: 1 }, {}))).toEqual(['--stuck: expected 1 or 0, got 1']);
  });
});

describe('commonSettings', () => {
  it('have defaults that suit a developer’s machine', () => {
    expect(readConfig(commonSettings, {}, {})).toEqual({
      ...{ redis: 'redis://127.0.0.1:6379', prefix: 'bullpen', logLevel: 'info' },
    });
  });

  it('are refused all at once, and no message has the password', () => {
    const environment = { REDIS_URL: 'redis://me:12/hunter2@host', BULLPEN_PREFIX: 'a:b', BULLPEN_LOG_LEVEL: 'loud' };
    const faults = faultsOf(() => readConfig(commonSettings, {}, environment));
    expect(faults).toEqual([
      "REDIS_URL: a '/' stands before the last '@'; in a user or a password write %2F for it",
      "BULLPEN_PREFIX: expected 1 to 100 letters, digits, '.', '_', '-', '{' or '}', got 'a:b'",
      "BULLPEN_LOG_LEVEL: expected trace, debug, info, warn, error, fatal or silent, got 'loud'",
    ]);
  });
});

describe('a port', () => {
  const port = { port: { flag: '--port <port>', env: 'PORT', schema: optional(portSetting) } };

  it('is a whole number up to 65535, and may be absent', () => {
    for (const [given, read] of [
      ['9100', 9100],
      ['0', 0],
      ['65535', 65_535],
      [undefined, undefined],
      ['', undefined],
    ] as const) {
      expect(readConfig(port, {}, { PORT: given })).toEqual({ port: read });
    }
  });

  it.each(['65536', '-1', '80.5', '1e3', ' 80', 'http', 'tcp://10.0.0.1:80'])('is not %s', (given) => {
    expect(faultsOf(() => readConfig(port, {}, { PORT: given }))).toEqual([
      `PORT: expected a port from 0 to 65535, got '${given}'`,
    ]);
  });
});

describe('an instant', () => {
  const at = { at: { flag: '--at <time>', schema: optionalDateSetting } };

  it.each([
    ['2026-12-01T09:00:00Z', '2026-12-01T09:00:00.000Z'],
    ['2026-12-01T09:00:00.5+01:00', '2026-12-01T08:00:00.500Z'],
    ['2024-02-29T09:00Z', '2024-02-29T09:00:00.000Z'],
    ['2026-03-01T00:30:00+02:00', '2026-02-28T22:30:00.000Z'],
  ])('is read with its zone: %s', (text, iso) => {
    expect(readConfig(at, { at: text }, {}).at?.toISOString()).toBe(iso);
  });

  it('may be absent', () => {
    expect(readConfig(at, {}, {}).at).toBeUndefined();
  });

  it.each([
    '',
    'soon',
    '2026-12-01',
    '2026-12-01T09:00:00',
    '2026-02-30T09:00:00Z',
    '2026-13-01T09:00:00Z',
    '1764579600',
  ])('is refused without a zone, and when there is no such day: %s', (text) => {
    const says = `--at: expected a time with its zone, such as 2026-12-01T09:00:00Z, got '${text}'`;
    expect(faultsOf(() => readConfig(at, { at: text }, {}))).toEqual([says]);
  });
});

describe('texts, choices and durations with a limit', () => {
  const settings = {
    name: {
      flag: '--name <name>',
      schema: textSetting((text) => (text === '' ? 'expected a name' : undefined), 'name it'),
    },
    format: { flag: '--format <format>', schema: optional(choiceSetting(['csv', 'json'], 'expected csv or json')) },
    lease: { flag: '--lease <duration>', schema: durationFrom(1_000, 'expected at least 1s'), default: '10s' },
    keep: { flag: '--keep <duration>', schema: optionalDurationFrom(1_000, 'expected at least 1s') },
  };

  it('are read as they are meant', () => {
    expect(readConfig(settings, { name: ' a ', format: 'csv', lease: '1s' }, {})).toEqual({
      ...{ name: ' a ', format: 'csv', lease: 1_000, keep: undefined },
    });
  });

  it('say what is wrong', () => {
    expect(faultsOf(() => readConfig(settings, {}, {}))).toEqual(['--name: name it']);
    const given = { name: '', format: 'CSV', lease: '1ms', keep: '999' };
    expect(faultsOf(() => readConfig(settings, given, {}))).toEqual([
      "--name: expected a name, got ''",
      "--format: expected csv or json, got 'CSV'",
      "--lease: expected at least 1s, got '1ms'",
      "--keep: expected at least 1s, got '999'",
    ]);
  });
});
