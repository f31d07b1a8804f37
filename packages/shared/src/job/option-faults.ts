import type { Fault } from './errors.js';
import { OPTION_WORDS } from './option-words.js';
import { suggest } from './suggest.js';

/**
 * The options of a function: `true` for each that it has. Text says what to write instead of an
 * option that it does not have, where that differs from {@link OPTION_WORDS}.
 */
export type OptionTable<Options> = Readonly<Record<keyof Options, true>> & Readonly<Record<string, true | string>>;

/**
 * The faults of options that a function does not have. A misspelt option must not be ignored: the
 * job would run at another time or more often than its author thinks.
 * @param of the name of the function, for the message
 * @param under the path to the options, for options inside options
 */
export function optionFaults(
  options: unknown,
  table: Readonly<Record<string, true | string>>,
  of: string,
  under = '',
): Fault[] {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    // Not the value: an address of Redis has a password.
    const got = Array.isArray(options) ? 'a list' : options === null ? 'null' : typeof options;
    return [{ path: under, reason: `expected an object with the options of ${of}, got ${got}` }];
  }
  const known = Object.keys(table).filter((name) => table[name] === true);
  return Object.entries(options)
    .filter(([name, value]) => value !== undefined && !known.includes(name))
    .map(([name]) => ({
      path: under === '' ? name : `${under}.${name}`,
      reason: `is no option of ${of}${adviceFor(name, table, known, of)}`,
    }));
}

function adviceFor(
  name: string,
  table: Readonly<Record<string, true | string>>,
  known: readonly string[],
  of: string,
): string {
  if (Object.hasOwn(table, name)) return `; ${table[name]}`;
  const [advice, place] = Object.hasOwn(OPTION_WORDS, name) ? (OPTION_WORDS[name] ?? []) : [];
  if (advice !== undefined && (place !== of || advice !== 'write it')) {
    return `; ${advice}${place === undefined || place === of ? '' : ` in ${place}`}`;
  }
  return `.${suggest(name, known) || ` It has: ${known.join(', ')}.`}`;
}
