#!/usr/bin/env node
// Runs turbo without telemetry and notices, on every platform and shell. It needs no pnpm on PATH.
// Prints nothing unless a task fails: then what the task printed.
import { spawnSync } from 'node:child_process';

const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', TURBO_NO_UPDATE_NOTIFIER: '1' };
const args = ['run', ...process.argv.slice(2), '--output-logs=errors-only', '--log-order=grouped'];
const { status, stdout, error } = spawnSync('turbo', args, {
  stdio: ['ignore', 'pipe', 'inherit'],
  env,
  shell: process.platform === 'win32',
});
if (status !== 0) process.stderr.write(stdout ?? '');
if (error !== undefined) process.stderr.write(`turbo: ${error.message}; run this through pnpm\n`);
process.exit(status ?? 1);
