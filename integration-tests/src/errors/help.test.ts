import { describe, expect } from 'vitest';
import { test } from '../support/world.js';

/** Every command and sub-command. */
const PATHS = [
  'bullpen-worker',
  'bullpen-dashboard',
  'bullpen-producer',
  ...['enqueue', 'batch', 'batches', 'cancel', 'queues'].map((name) => `bullpen-producer ${name}`),
  ...['show', 'watch', 'cancel', 'retry', 'repair', 'export'].map((name) => `bullpen-producer batches ${name}`),
];

type Program = 'bullpen-worker' | 'bullpen-dashboard' | 'bullpen-producer';

describe.for(PATHS)('%s', (path) => {
  const [program, ...names] = path.split(' ') as [Program, ...string[]];

  test('--help fits 80 columns, and its examples use flags that exist', async ({ world }) => {
    const { code, stdout, stderr } = await world.command(program, [...names, '--help'], {}).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    const [options = '', below = ''] = stdout.split(/^Examples?:\n/m);
    const [examples = ''] = below.split('\nExit codes:\n');
    expect(examples).toContain(path);
    // A flag belongs to the command of its own name: jq has flags as well.
    const commands = examples
      .replaceAll('\\\n', ' ')
      .split(/[\n|]/)
      .filter((part) => part.includes('bullpen-'));
    const used = commands.flatMap((line) => line.match(/ --[a-z-]+/g) ?? []).map((flag) => flag.trim());
    expect(used.filter((flag) => !options.includes(` ${flag} `))).toEqual([]);
    if (names.length === 0) expect(below).toMatch(/^Exit codes:\n {2}0 {3}/m);
  });

  test('a wrong flag exits 64 and points to this help, in the same words', async ({ world }) => {
    const args = [...names, '--no-such-flag'];
    const { code, stdout, stderr } = await world.command(program, args, {}).ended;
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toBe(`${program}: unknown option '--no-such-flag'\nSee ${path} --help\n`);
  });
});

test('a wrong value exits 64 and points to help, too', async ({ world }) => {
  const said = async (program: Program, ...args: string[]) => {
    const { code, stderr } = await world.command(program, args, {}).ended;
    return `${code} ${stderr}`;
  };
  expect(await said('bullpen-worker', '--handlers', 'x.js', '--concurrency', 'many')).toBe(
    "64 bullpen-worker: invalid configuration: --concurrency: expected a whole number from 1 to 10000, got 'many'\nSee bullpen-worker --help\n",
  );
  expect(await said('bullpen-dashboard', '--port', 'http')).toBe(
    "64 bullpen-dashboard: invalid configuration: --port: expected a port from 0 to 65535, got 'http'\nSee bullpen-dashboard --help\n",
  );
  expect(await said('bullpen-producer', 'batches', 'show', 'november', '--redis-timeout', 'soon')).toBe(
    "64 bullpen-producer: invalid configuration: --redis-timeout: expected a duration such as '30s' or milliseconds, got 'soon'\nSee bullpen-producer batches show --help\n",
  );
});
