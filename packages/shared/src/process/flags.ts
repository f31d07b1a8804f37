import type { Fault } from '../job/errors/bullpen-error.js';
import { BatchConflict, ConfigInvalid, OptionsInvalid } from '../job/errors/call-errors.js';
import { nameOf, type Setting, type Settings } from './setting.js';

/** What we use of a commander `Command`. This package does not depend on commander. */
interface CommandLine {
  option(flags: string, description: string, collect?: (value: string, before: unknown) => unknown): unknown;
}

/**
 * Adds the flags of settings to a commander command, in their order.
 * @returns the command
 */
export function addFlags<C extends CommandLine>(command: C, settings: Settings): C {
  for (const setting of Object.values(settings)) {
    const { flag, file } = setting;
    if (flag !== undefined && setting.repeatable === true) command.option(flag, describeSetting(setting), collect);
    else if (flag !== undefined) command.option(flag, describeSetting(setting));
    if (file?.flag !== undefined) command.option(file.flag, describeSetting(file));
  }
  return command;
}

const collect = (value: string, before: unknown): string[] => [...((before as string[] | undefined) ?? []), value];

/** What help says of a setting: `attempts at once, per queue (BULLPEN_CONCURRENCY; default 20)`. */
function describeSetting({ flag = '', env, help = '', ...setting }: Omit<Setting, 'schema'>): string {
  const isSwitch = !flag.includes('<');
  const shownDefault = setting.default ?? setting.defaultHelp;
  const notes = [
    ...(env === undefined ? [] : [isSwitch ? `${env}=1` : env]),
    ...(shownDefault === undefined ? [] : [`default ${shownDefault}`]),
  ];
  return notes.length === 0 ? help : `${help} (${notes.join('; ')})`;
}

/**
 * Rewrites an error of a library for those who use the command line: the library names the option
 * `keepKeys`, the user typed `--keep-keys`. Other errors are returned as they are.
 * @param settings by the names of the library's options
 */
export function inFlags(error: unknown, settings: Settings): unknown {
  const byFlag = ({ path, reason }: Fault): Fault => {
    const setting = Object.hasOwn(settings, path) ? settings[path] : undefined;
    return { path: setting === undefined ? path : nameOf(setting), reason };
  };
  if (error instanceof OptionsInvalid) return new OptionsInvalid(error.subject, error.faults.map(byFlag));
  if (error instanceof ConfigInvalid) return new ConfigInvalid(error.subject, error.faults.map(byFlag));
  if (error instanceof BatchConflict) return new BatchConflict(error.batch, error.subject, error.faults.map(byFlag));
  return error;
}
