import type { z } from 'zod';
import type { Fault } from '../job/errors/bullpen-error.js';
import { ConfigInvalid } from '../job/errors/call-errors.js';
import { showValue } from '../job/show-value.js';

/**
 * One thing that a command can be told: by a flag, else by the environment, else by its default.
 * This is the only description of it: the command line (`addFlags`), the help, the reading
 * ({@link readConfig}) and the messages about it (`inFlags`) are all made from it.
 * @example
 * const settings = { lease: { flag: '--lease <duration>', env: 'BULLPEN_LEASE', schema:
 * durationSetting, default: '10s', help: 'how long a job belongs to a worker that does not renew
 * it' }, };
 */
export interface Setting<S extends z.ZodType = z.ZodType> {
  /**
   * As help shows it: `--drain-timeout <duration>`, or `--json` for a switch. The setting's name
   * must be the flag in camel case: `drainTimeout`. A secret has no flag, only a variable:
   * everybody who lists the processes of a machine can read the flags.
   */
  readonly flag?: string;
  /** The environment variable. An empty variable counts as absent. */
  readonly env?: string;
  /** Reads what was given, which is text, or `true` for a switch. Also reads the default. */
  readonly schema: S;
  /** What counts when nothing is given. */
  readonly default?: string | number;
  /** What the flag does, in a few words; the variable and the default are appended. */
  readonly help?: string;
  /** What help says of the default where `default` is absent: `the standard output`. */
  readonly defaultHelp?: string;
  /** Whether the value may hold a password, which no message repeats. */
  readonly secret?: boolean;
  /** Whether the flag can be given more than once. The schema then gets a list. */
  readonly repeatable?: boolean;
}

/** A set of settings by their names. */
export type Settings = Readonly<Record<string, Setting>>;

/** What {@link readConfig} returns for a set of settings. */
export type Config<T extends Settings> = { readonly [K in keyof T]: z.output<T[K]['schema']> };

/**
 * Reads settings: flags over environment over defaults.
 *
 * commander can read variables and defaults, too (`Option.env`), but it takes an empty variable as
 * given, turns a switch on whatever its variable says, and stops at the first fault.
 * @param flags the values that were given on the command line; `undefined` means not given
 * @throws ConfigInvalid with every fault at once, each naming the flag or variable it came from
 */
export function readConfig<T extends Settings>(
  settings: T,
  flags: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>> = processEnvironment(),
): Config<T> {
  const config: Record<string, unknown> = {};
  const faults: Fault[] = [];
  for (const [name, setting] of Object.entries(settings)) {
    const { env, schema } = setting;
    const fromFlag = flags[name];
    const fromEnv = env === undefined ? undefined : environment[env] || undefined;
    const result = schema.safeParse(fromFlag ?? fromEnv ?? setting.default);
    if (result.success) config[name] = result.data;
    else {
      const path = fromFlag === undefined && fromEnv !== undefined && env !== undefined ? env : nameOf(setting);
      const given = fromFlag ?? fromEnv;
      const got = given === undefined || setting.secret === true ? '' : `, got ${showValue(given)}`;
      faults.push(...result.error.issues.map(({ message }) => ({ path, reason: withValue(message, got) })));
    }
  }
  if (faults.length > 0) throw new ConfigInvalid('invalid configuration', faults);
  return config as Config<T>;
}

/** Adds what was given to what was expected, where the message does not say it itself. */
const withValue = (message: string, got: string): string =>
  message.startsWith('expected') && !message.includes(', got ') ? `${message}${got}` : message;

/** What messages call a setting: `--lease`, or its variable when it has no flag. */
export function nameOf({ flag, env = '' }: Setting): string {
  return flag?.split(' ')[0] ?? env;
}

// biome-ignore lint/style/noProcessEnv: the one door to the environment.
const processEnvironment = (): NodeJS.ProcessEnv => process.env;
