import { z } from 'zod';
import { parseDuration, parseTimerDuration } from '../job/duration.js';
import { showValue } from '../job/show-value.js';
import { type EventsOption, eventsFaults } from '../redis/events.js';

/**
 * A duration such as `30s` or `500` (milliseconds), read into milliseconds, that a timer can wait.
 */
export const durationSetting = z.unknown().transform((value, context) => accept(parseTimerDuration(value), context));

/** A duration of any length, for a setting without a default. */
export const optionalDurationSetting = z
  .unknown()
  .transform((value, context) => (value === undefined ? undefined : accept(parseDuration(value), context)));

/** An instant with its zone, for a setting without a default: `2026-12-01T09:00:00+01:00`. */
export const optionalDateSetting = z.iso
  .datetime({ offset: true, error: 'expected a time with its zone, such as 2026-12-01T09:00:00Z' })
  .transform((text) => new Date(text))
  .optional();

function accept(parsed: number | string, context: z.core.$RefinementCtx): number {
  if (typeof parsed === 'number') return parsed;
  context.addIssue({ code: 'custom', message: parsed });
  return z.NEVER;
}

/** Which events queues tell: `all`, or by queue `mails:all,clicks:none`. */
export const eventsSetting = z
  .string()
  .transform((text, context) => {
    const option = text.includes(':') ? Object.fromEntries(text.split(',').map(splitQueue)) : text;
    if (eventsFaults(option).length === 0) return option as EventsOption;
    context.addIssue({
      code: 'custom',
      message: 'expected all, ends or none, or by queue such as mails:all,clicks:none',
    });
    return z.NEVER;
  })
  .optional();

/** The value of a queue stands behind the last colon, without which there is none. */
const splitQueue = (text: string): [queue: string, events: string] => {
  const [, queue = '', events = ''] = /^(.+):(.*)$/.exec(text.trim()) ?? [];
  return [queue, events];
};

/** A whole number from 1 up to `most`, or up to the greatest that counts exactly. */
export const countSetting = (most: number) => {
  const range = most === Number.MAX_SAFE_INTEGER ? 'of 1 or more' : `from 1 to ${most}`;
  const message = `expected a whole number ${range}`;
  return z.coerce.number(message).int(message).min(1, message).max(most, message);
};

/** Whether a process can listen on this port. 0 stands for any free port. */
export const isPort = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535;

const PORT = 'expected a port from 0 to 65535';

/** A port to listen on; 0 takes any free port. */
export const portSetting = z
  .union([z.number(), z.string().regex(/^\d{1,5}$/, PORT)], PORT)
  .transform(Number)
  .refine(isPort, PORT);

const SWITCH = new Map<unknown, boolean>([
  ...[true, '1', 'true'].map((on) => [on, true] as const),
  ...[false, '0', 'false'].map((off) => [off, false] as const),
]);

/**
 * A switch: a flag without a value, or `1`, `true`, `0`, `false` in the environment. Off when
 * nothing is given.
 */
export const switchSetting = z.unknown().transform((value, context) => {
  const on = SWITCH.get(value ?? false);
  if (on !== undefined) return on;
  context.addIssue({ code: 'custom', message: `expected 1 or 0, got ${showValue(value)}` });
  return z.NEVER;
});
