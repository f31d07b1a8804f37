import type { Fault } from './errors/bullpen-error.js';
import { isOptions } from './is-options.js';
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
  if (!isOptions(options)) {
    return [{ path: under, reason: `expected an object with the options of ${of}, got ${kindOf(options)}` }];
  }
  // Nearly always so.
  if (Object.keys(options).every((name) => table[name] === true)) return [];
  const known = Object.keys(table).filter((name) => table[name] === true);
  return Object.entries(options)
    .filter(([name, value]) => value !== undefined && !known.includes(name))
    .map(([name]) => ({
      path: under === '' ? name : `${under}.${name}`,
      reason: `is no option of ${of}${adviceFor(name, table, known, of)}`,
    }));
}

/** What a value is. Not the value: an address of Redis has a password. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return `a ${Object.prototype.toString.call(value).slice('[object '.length, -1)}`;
}

function adviceFor(
  name: string,
  table: Readonly<Record<string, true | string>>,
  known: readonly string[],
  of: string,
): string {
  if (Object.hasOwn(table, name)) return `; ${table[name]}`;
  const [advice, place, why] = Object.hasOwn(OPTION_WORDS, name) ? (OPTION_WORDS[name] ?? []) : [];
  const isHere = place === of || (place === 'enqueue' && of === 'enqueueMany');
  if (advice !== undefined && !(isHere && advice === 'write it')) {
    return `; ${advice}${place === undefined || isHere ? '' : ` in ${place}`}${why === undefined ? '' : `: ${why}`}`;
  }
  return `.${suggest(name, known) || ` It has: ${known.join(', ')}.`}`;
}
