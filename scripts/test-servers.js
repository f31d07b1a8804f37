#!/usr/bin/env node
// Runs the integration tests on several servers, Redis or Valkey, one after the other:
//
//   pnpm test:servers /opt/redis-8/bin /opt/valkey-8/bin -- outages contract
//
// Each folder has a `redis-server`. What stands behind `--` goes to vitest. Ends with a table.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const separator = process.argv.indexOf('--', 2);
const folders = process.argv.slice(2, separator === -1 ? undefined : separator);
const filters = separator === -1 ? [] : process.argv.slice(separator + 1);
const missing = folders.filter((folder) => !existsSync(join(folder, 'redis-server')));
if (folders.length === 0 || missing.length > 0) {
  const fault = folders.length === 0 ? 'name a folder' : `there is no redis-server in ${missing.join(', ')}`;
  process.stderr.write(`test:servers: ${fault}; example: pnpm test:servers /opt/redis-8/bin /opt/valkey-8/bin\n`);
  process.exit(64);
}

const rows = [];
for (const folder of folders) rows.push(await testOn(folder));
process.stdout.write('\n| server | tests passed | failed | seconds |\n|---|--:|--:|--:|\n');
for (const { server, passed, failed, seconds } of rows)
  process.stdout.write(`| ${server} | ${passed} | ${failed} | ${seconds} |\n`);
process.exit(rows.every(({ code }) => code === 0) ? 0 : 1);

/** Runs the integration tests on the server in a folder. */
async function testOn(folder) {
  const server = versionOf(join(folder, 'redis-server'));
  const startedAt = performance.now();
  const vitest = [join('node_modules', 'vitest', 'vitest.mjs'), 'run', '--project', 'integration', ...filters];
  // The tests take a Docker engine before the PATH, so they must not find one.
  const { REDIS_URL: _, ...own } = process.env;
  const env = { ...own, PATH: `${folder}${delimiter}${own.PATH}`, DOCKER_HOST: 'unix:///no/docker/here' };
  process.stdout.write(`\n── ${server}\n`);
  const child = spawn(process.execPath, vitest, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let [passed, failed] = [0, 0];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    process.stdout.write(text);
    const counts = /^(\d+) passed, (\d+) failed/m.exec(text);
    if (counts !== null) [passed, failed] = counts.slice(1).map(Number);
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { server, passed, failed, code, seconds: Math.round((performance.now() - startedAt) / 1000) };
}

/** A server's name and version, as it tells them. */
function versionOf(program) {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  const [, name = 'server', version = '?'] = /^(\w+) server v=(\S+)/.exec(stdout) ?? [];
  return `${name} ${version}`;
}
