import { z } from 'zod';
import { parseDuration, parseTimerDuration } from '../job/duration.js';
import { ConfigInvalid, type Fault } from '../job/errors.js';
import { showValue } from '../job/show-value.js';
import { DEFAULT_PREFIX, prefixFault } from '../redis/keys.js';
import { redisAddressFault } from '../redis/redis-address.js';

/**
 * One thing a command can be told: by a flag, else by the environment, else by the default inside
 * its schema.
 */
export interface Setting<S extends z.ZodType = z.ZodType> {
  /** As the user types it, `--drain-timeout`; used in messages. */
  readonly flag: string;
  /** The environment variable, if it has one. An empty variable counts as absent. */
  readonly env?: string;
  readonly schema: S;
}

/** What {@link readConfig} returns for a set of settings. */
export type Config<T extends Record<string, Setting>> = { readonly [K in keyof T]: z.output<T[K]['schema']> };

/**
 * Reads settings: flags over environment over defaults.
 * @param flags the values that were given on the command line; `undefined` means not given
 * @throws ConfigInvalid with every fault at once, each naming the flag or variable it came from
 */
export function readConfig<T extends Record<string, Setting>>(
  settings: T,
  flags: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>> = processEnvironment(),
): Config<T> {
  const config: Record<string, unknown> = {};
  const faults: Fault[] = [];
  for (const [name, { flag, env, schema }] of Object.entries(settings)) {
    const fromEnv = env === undefined ? undefined : environment[env] || undefined;
    const given = flags[name] ?? fromEnv;
    const result = schema.safeParse(given);
    if (result.success) config[name] = result.data;
    else {
      const from = flags[name] === undefined && fromEnv !== undefined ? env : flag;
      faults.push(...result.error.issues.map((issue) => ({ path: from ?? flag, reason: issue.message })));
    }
  }
  if (faults.length > 0) throw new ConfigInvalid('invalid configuration', faults);
  return config as Config<T>;
}

// biome-ignore lint/style/noProcessEnv: the one door to the environment.
const processEnvironment = (): NodeJS.ProcessEnv => process.env;

/**
 * A duration such as `30s` or `500` (milliseconds), read into milliseconds, that a timer can wait.
 */
export const durationSetting = z.unknown().transform((value, context) => accept(parseTimerDuration(value), context));

/** A duration of any length, for a setting without a default. */
export const optionalDurationSetting = z
  .unknown()
  .transform((value, context) => (value === undefined ? undefined : accept(parseDuration(value), context)));

function accept(parsed: number | string, context: z.core.$RefinementCtx): number {
  if (typeof parsed === 'number') return parsed;
  context.addIssue({ code: 'custom', message: parsed });
  return z.NEVER;
}

/** A whole number from 1 up to `most`. */
export const countSetting = (most: number) => {
  const message = `expected a whole number from 1 to ${most}`;
  return z.coerce.number(message).int(message).min(1, message).max(most, message);
};

/** Whether a process can be told to listen there: a port, or 0 for one that is free. */
export const isPort = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535;

const PORT = 'expected a port from 0 to 65535';

/** A port to listen on; 0 takes one that is free. */
export const portSetting = z
  .union([z.number(), z.string().regex(/^\d{1,5}$/, PORT)], PORT)
  .transform(Number)
  .refine(isPort, PORT);

const SWITCH = new Map<unknown, boolean>([
  ...[true, '1', 'true'].map((on) => [on, true] as const),
  ...[false, '0', 'false'].map((off) => [off, false] as const),
]);

/**
 * A switch: a flag without a value, or `1`, `true`, `0`, `false` in the environment. Default off.
 */
export const switchSetting = z.unknown().transform((value, context) => {
  const on = SWITCH.get(value ?? false);
  if (on !== undefined) return on;
  context.addIssue({ code: 'custom', message: `expected 1 or 0, got ${showValue(value)}` });
  return z.NEVER;
});

/** Text with a default, and a check that says what is wrong with it. */
function checkedText(byDefault: string, faultOf: (text: string) => string | undefined) {
  return z
    .string()
    .default(byDefault)
    .superRefine((text, context) => {
      const fault = faultOf(text);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    });
}

/** The settings every Bullpen command shares. */
export const commonSettings = {
  redis: {
    flag: '--redis',
    env: 'REDIS_URL',
    schema: checkedText('redis://127.0.0.1:6379', redisAddressFault),
  },
  prefix: {
    flag: '--prefix',
    env: 'BULLPEN_PREFIX',
    schema: checkedText(DEFAULT_PREFIX, prefixFault),
  },
  logLevel: {
    flag: '--log-level',
    env: 'BULLPEN_LOG_LEVEL',
    schema: z
      .enum(
        ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
        'expected trace, debug, info, warn, error, fatal or silent',
      )
      .default('info'),
  },
} satisfies Record<string, Setting>;

/** Their flags and what help says of them, as commander's `option` takes both. */
export const commonOptions = {
  redis: [
    '--redis <url>',
    'where Redis is: redis://, rediss://, redis+sentinel:// or redis+cluster:// (REDIS_URL; default redis://127.0.0.1:6379)',
  ],
  prefix: ['--prefix <prefix>', 'first part of every key (BULLPEN_PREFIX; default bullpen)'],
  logLevel: [
    '--log-level <level>',
    'trace, debug, info, warn, error, fatal or silent (BULLPEN_LOG_LEVEL; default info)',
  ],
} as const satisfies Record<keyof typeof commonSettings, readonly [flags: string, description: string]>;
