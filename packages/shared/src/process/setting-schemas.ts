import { parseDuration, parseTimerDuration } from '../job/duration.js';
import type { Schema } from '../job/schema.js';
import { showValue } from '../job/show-value.js';
import { type EventsOption, eventsFaults } from '../redis/events.js';

/** Says what is wrong with a value. */
type Refuse = (reason: string) => undefined;

/**
 * Makes the schema of a setting. It is a Standard Schema, as those of every library are. Commands
 * load no such library: that would take longer than all else that `--help` does.
 * @param read returns what a value means, or refuses it
 * @example
 * const evenSetting = settingSchema((value, refuse) =>
 *   Number(value) % 2 === 0 ? Number(value) : refuse('expected an even number'),
 * );
 */
export function settingSchema<T>(read: (value: unknown, refuse: Refuse) => T | undefined): Schema<unknown, T> {
  const validate = (given: unknown) => {
    const issues: { readonly message: string }[] = [];
    const value = read(given, (message) => {
      issues.push({ message });
    }) as T;
    return issues.length > 0 ? { issues } : { value };
  };
  return { '~standard': { version: 1, vendor: 'bullpen', validate } };
}

/** The same setting without a default: `undefined` when nothing is given. */
export function optional<T>(schema: Schema<unknown, T>): Schema<unknown, T | undefined> {
  const { validate, ...rest } = schema['~standard'];
  return {
    '~standard': { ...rest, validate: (given) => (given === undefined ? { value: undefined } : validate(given)) },
  };
}

/**
 * Text.
 * @param faultOf says what is wrong with a text, if something is
 * @param missing what is said when nothing is given
 */
export const textSetting = (
  faultOf: (text: string) => string | undefined = () => undefined,
  missing = 'expected a text',
): Schema<unknown, string> =>
  settingSchema((value, refuse) => {
    const fault = typeof value === 'string' ? faultOf(value) : missing;
    return fault === undefined ? String(value) : refuse(fault);
  });

/** Text that may have blanks around it, and a check that says what is wrong with it. */
export const trimmedSetting = (faultOf: (text: string) => string | undefined): Schema<unknown, string> =>
  settingSchema((value, refuse) => {
    const text = String(value).trim();
    const fault = faultOf(text);
    return fault === undefined ? text : refuse(fault);
  });

/** One of some words. */
export const choiceSetting = <Choice extends string>(choices: readonly Choice[], message: string) =>
  settingSchema((value, refuse) => choices.find((choice) => choice === value) ?? refuse(message));

/**
 * A duration such as `30s` or `500` (milliseconds), read into milliseconds, that a timer can wait.
 * @param leastMs the shortest one, and what is said of a shorter one
 */
export const durationFrom = (leastMs: number, message: string) =>
  settingSchema((value, refuse) => {
    const ms = parseTimerDuration(value);
    if (typeof ms === 'string') return refuse(ms);
    return ms < leastMs ? refuse(message) : ms;
  });

/** The same, of any length. */
export const durationSetting = durationFrom(0, '');

/**
 * A duration, however long, for a setting without a default.
 * @param leastMs the shortest one, and what is said of a shorter one
 */
export const optionalDurationFrom = (leastMs: number, message: string) =>
  optional(
    settingSchema((value, refuse) => {
      const ms = parseDuration(value);
      if (typeof ms === 'string') return refuse(ms);
      return ms < leastMs ? refuse(message) : ms;
    }),
  );

/** The same, of any length. */
export const optionalDurationSetting = optionalDurationFrom(0, '');

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;

/** An instant with its zone, for a setting without a default: `2026-12-01T09:00:00+01:00`. */
export const optionalDateSetting = optional(
  settingSchema((value, refuse) => {
    const date = new Date(String(value));
    // JavaScript takes the 30th of February for the 2nd of March.
    const isDay = Number(String(value).slice(8, 10)) === new Date(`${String(value).slice(0, 10)}T00:00Z`).getUTCDate();
    if (INSTANT.test(String(value)) && isDay && !Number.isNaN(date.getTime())) return date;
    return refuse('expected a time with its zone, such as 2026-12-01T09:00:00Z');
  }),
);

/** Which events queues tell: `all`, or by queue `mails:all,clicks:none`. */
export const eventsSetting = optional(
  settingSchema((value, refuse) => {
    const text = String(value);
    const option = text.includes(':') ? Object.fromEntries(text.split(',').map(splitQueue)) : text;
    if (eventsFaults(option).length === 0) return option as EventsOption;
    return refuse('expected all, ends or none, or by queue such as mails:all,clicks:none');
  }),
);

/** The value of a queue stands behind the last colon, without which there is none. */
const splitQueue = (text: string): [queue: string, events: string] => {
  const [, queue = '', events = ''] = /^(.+):(.*)$/.exec(text.trim()) ?? [];
  return [queue, events];
};

/** A whole number from 1 up to `most`, or up to the greatest that counts exactly. */
export const countSetting = (most: number) => {
  const range = most === Number.MAX_SAFE_INTEGER ? 'of 1 or more' : `from 1 to ${most}`;
  return settingSchema((value, refuse) => {
    const count = Number(value);
    return Number.isInteger(count) && count >= 1 && count <= most ? count : refuse(`expected a whole number ${range}`);
  });
};

/** Whether a process can listen on this port. 0 stands for any free port. */
export const isPort = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535;

/** A port to listen on; 0 takes any free port. */
export const portSetting = settingSchema((value, refuse) =>
  (typeof value === 'number' || /^\d{1,5}$/.test(String(value))) && isPort(Number(value))
    ? Number(value)
    : refuse('expected a port from 0 to 65535'),
);

const SWITCH = new Map<unknown, boolean>([
  ...[true, '1', 'true'].map((on) => [on, true] as const),
  ...[false, '0', 'false'].map((off) => [off, false] as const),
]);

/**
 * A switch: a flag without a value, or `1`, `true`, `0`, `false` in the environment. Off when
 * nothing is given.
 */
export const switchSetting = settingSchema(
  (value, refuse) => SWITCH.get(value ?? false) ?? refuse(`expected 1 or 0, got ${showValue(value)}`),
);
