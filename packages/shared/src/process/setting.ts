import type { Schema } from '../job/schema.js';

/**
 * One thing that a command can be told: by a flag, else by the environment, else by its default.
 * This is the only description of it: the command line (`addFlags`), the help, the reading
 * (`readConfig`) and the messages about it (`inFlags`) are all made from it.
 * @example
 * const settings = { lease: { flag: '--lease <duration>', env: 'BULLPEN_LEASE', schema:
 * durationSetting, default: '10s', help: 'how long a job belongs to a worker that does not renew
 * it' }, };
 */
export interface Setting {
  /**
   * As help shows it: `--drain-timeout <duration>`, or `--json` for a switch. The setting's name
   * must be the flag in camel case: `drainTimeout`. A secret has no flag, only a variable:
   * everybody who lists the processes of a machine can read the flags.
   */
  readonly flag?: string;
  /** The environment variable. An empty variable counts as absent. */
  readonly env?: string;
  /** Reads what was given, which is text, or `true` for a switch. Also reads the default. */
  readonly schema: Schema;
  /** What counts when nothing is given. */
  readonly default?: string | number;
  /** What the flag does, in a few words; the variable and the default are appended. */
  readonly help?: string;
  /** What help says of the default where `default` is absent: `the standard output`. */
  readonly defaultHelp?: string;
  /** Whether the value may hold a password, which no message repeats. */
  readonly secret?: boolean;
  /**
   * A second flag and variable, which name a file that holds the value in one line: secrets of
   * Docker and Kubernetes are files. Its flag must be the setting's own with `-file` behind it.
   */
  readonly file?: Pick<Setting, 'flag' | 'env' | 'help'>;
  /** Whether the flag can be given more than once. The schema then gets a list. */
  readonly repeatable?: boolean;
}

/** A set of settings by their names. */
export type Settings = Readonly<Record<string, Setting>>;

/** What messages call a setting: `--lease`, or its variable when it has no flag. */
export function nameOf({ flag, env = '' }: Pick<Setting, 'flag' | 'env'>): string {
  return flag?.split(' ')[0] ?? env;
}
