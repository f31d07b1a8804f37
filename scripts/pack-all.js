#!/usr/bin/env node
// Packs each of our packages as a tarball, as `pnpm publish` would: versions in place of
// `workspace:` and `catalog:`. Prints where they are. Run it through pnpm: `pnpm pack:all`.
//   pnpm pack:all [folder]      default: dist-packages
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve(process.argv[2] ?? 'dist-packages');
// pnpm tells its scripts where it is, also when it is not on PATH.
const pnpm = process.env['npm_execpath'] ?? 'pnpm';

for (const name of readdirSync('packages')) rmSync(join(folder, `bullpen-${name}.tgz`), { force: true });
const args = ['--silent', '--recursive', '--filter', './packages/*', 'pack', '--out', join(folder, '%s.tgz')];
const { status, error } = spawnSync(pnpm, args, { stdio: ['ignore', 'ignore', 'inherit'] });
if (error !== undefined) process.stderr.write(`${error.message}; run this through pnpm: pnpm pack:all\n`);
if (status !== 0) process.exit(status ?? 1);

for (const file of readdirSync(folder)) process.stdout.write(`${join(folder, file)}\n`);
