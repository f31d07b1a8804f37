import { stat } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ModuleInvalid } from '../job/errors/call-errors.js';
import { hideLogin } from '../job/show-value.js';
import { moduleFault } from './module-fault.js';

/** What a command looks for in a module of the app. */
export interface Wanted<T> {
  /** The flag that named the module: `--jobs`. */
  readonly flag: string;
  /** `job` */
  readonly what: string;
  /** `defineJob()` */
  readonly madeBy: string;
  readonly is: (value: unknown) => value is T;
}

/**
 * Loads a module that was named on the command line, relative to the working directory.
 * @returns the exports that are wanted, each once. An export may also be a list of them
 * @throws ModuleInvalid when there is no such file, when it cannot be loaded, or when it exports
 *   nothing that is wanted
 */
export async function loadModule<T>(path: string, { flag, what, madeBy, is }: Wanted<T>): Promise<T[]> {
  const file = resolve(path);
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) {
    const isMissing = found.code === 'ENOENT' || found.code === 'ENOTDIR';
    throw new ModuleInvalid(`${flag}: ${isMissing ? `there is no file ${hideLogin(file)}` : found.message}`);
  }
  if (!found.isFile()) throw new ModuleInvalid(`${flag}: ${file} is not a file; name the module itself`);
  if (extname(file) === '.json')
    throw new ModuleInvalid(`${flag}: ${file} is no module; name a .js, .mjs or .cjs file`);
  let exported: Record<string, unknown>;
  try {
    exported = await import(pathToFileURL(file).href);
  } catch (error) {
    throw new ModuleInvalid(`${flag}: cannot load ${file}: ${moduleFault(error)}`, { cause: error });
  }
  const wanted = [...new Set(Object.values(exported).flat())].filter(is);
  if (wanted.length > 0) return wanted;
  const names = Object.keys(exported);
  const had = names.length === 0 ? 'it exports nothing' : `it exports ${names.slice(0, 5).join(', ')}`;
  throw new ModuleInvalid(`${flag}: ${file} exports no ${what} (${had}); export what ${madeBy} returns`);
}
