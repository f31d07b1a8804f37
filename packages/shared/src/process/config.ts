import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Fault } from '../job/errors/bullpen-error.js';
import { ConfigInvalid } from '../job/errors/call-errors.js';
import { type Parsed, parse } from '../job/schema.js';
import { showValue } from '../job/show-value.js';
import type { Settings } from './setting.js';
import { findValue } from './setting-value.js';

/** What {@link readConfig} returns for a set of settings. */
export type Config<T extends Settings> = { readonly [K in keyof T]: StandardSchemaV1.InferOutput<T[K]['schema']> };

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
    const { path, value, fault } = findValue(name, setting, flags, environment);
    if (fault !== undefined) {
      faults.push({ path, reason: fault });
      continue;
    }
    // The schemas of settings are synchronous.
    const result = parse(setting.schema, value ?? setting.default) as Parsed<unknown>;
    if (result.ok) config[name] = result.value;
    else {
      const got = value === undefined || setting.secret === true ? '' : `, got ${showValue(value)}`;
      faults.push(...result.faults.map(({ reason }) => ({ path, reason: withValue(reason, got) })));
    }
  }
  if (faults.length > 0) throw new ConfigInvalid('invalid configuration', faults);
  return config as Config<T>;
}

/** Adds what was given to what was expected, where the message does not say it itself. */
const withValue = (message: string, got: string): string =>
  message.startsWith('expected') && !message.includes(', got ') ? `${message}${got}` : message;

// biome-ignore lint/style/noProcessEnv: the one door to the environment.
const processEnvironment = (): NodeJS.ProcessEnv => process.env;
