import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ModuleInvalid } from '../job/errors.js';

/**
 * Loads a module that was named on the command line, relative to the working directory.
 * @returns all its exports
 * @param what the flag that named it, for messages: `--jobs`, `--handlers`
 * @throws ModuleInvalid when there is no such file, or it cannot be loaded
 */
export async function loadModule(path: string, what: string): Promise<readonly unknown[]> {
  const file = resolve(path);
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) throw new ModuleInvalid(`${what}: there is no file ${file}`);
  if (!found.isFile()) throw new ModuleInvalid(`${what}: ${file} is not a file; name the module itself`);
  try {
    const namespace: Record<string, unknown> = await import(pathToFileURL(file).href);
    return Object.values(namespace);
  } catch (error) {
    throw new ModuleInvalid(`${what}: could not load ${file}: ${reasonOf(error)}`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return `Node ${process.versions.node} does not load this kind of file; build it to JavaScript first (Node 22.18 and newer also load .ts)`;
  }
  return `${error.name}: ${error.message}${placeOf(error)}`;
}

/**
 * Where an error happened. For a syntax error this is the first line of the stack, for a thrown
 * error the first frame.
 */
function placeOf({ stack = '' }: Error): string {
  const [place] = /^(?:file:\/\/)?\/\S+:\d+$|(?<=^ +at .*\(?)(?:file:\/\/)\S+:\d+(?=:\d+\)?$)/m.exec(stack) ?? [];
  return place === undefined ? '' : ` (at ${place})`;
}
