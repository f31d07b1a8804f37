import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Finds the file of a package's command, wherever the package is installed.
 * @example fileOfCommand('@bullpen/worker', 'bullpen-worker')
 */
export function fileOfCommand(packageName: string, command: string): string {
  const manifest = fileURLToPath(import.meta.resolve(`${packageName}/package.json`));
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin?: Record<string, string> };
  const file = bin?.[command];
  if (file === undefined) throw new Error(`${packageName} has no command ${command}`);
  return resolve(dirname(manifest), file);
}
