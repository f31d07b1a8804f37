#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { type DevRedisWay, devRedisWays } from './dev-redis.js';
import { DevRedisUnavailable } from './errors.js';
import { hideTyped } from './hide-typed.js';
import { onEndingSignal } from './signals.js';

// As in sysexits.h.
const exitUsage = 64;
const exitUnavailable = 69;
const exitSoftware = 70;

interface Flags {
  readonly way?: readonly DevRedisWay[];
}

function collectWay(value: string, earlier: readonly DevRedisWay[] = []): readonly DevRedisWay[] {
  const way = devRedisWays.find((known) => known === value);
  if (way === undefined) throw new InvalidArgumentError(`Allowed choices are ${devRedisWays.join(', ')}.`);
  return [...earlier, way];
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

const program = new Command('bullpen-dev-redis')
  .description('Starts a private, real Redis, prints its URL, and stops it on Ctrl-C or when the command has ended.')
  .argument('[command...]', 'after --: a command to run with REDIS_URL set; its exit code becomes ours')
  .option(
    '--way <way>',
    `use only this way; repeat for more: ${devRedisWays.join(', ')} (default: all, in this order)`,
    collectWay,
  )
  .version(readVersion())
  .addHelpText(
    'after',
    `
Examples:
  bullpen-dev-redis
  bullpen-dev-redis -- npm test

Exit codes:
  0   stopped on request; with a command, the command's own code
  64  wrong usage
  69  no Redis could be started, or it ended
  70  an error of bullpen-dev-redis itself`,
  )
  .showHelpAfterError('See bullpen-dev-redis --help')
  .configureOutput({
    outputError: (said, write) => write(`bullpen-dev-redis: ${hideTyped(said.replace(/^error: /, ''))}`),
  })
  .exitOverride();

async function main(): Promise<number> {
  program.parse();
  const [command, ...args] = program.args;
  const { way } = program.opts<Flags>();
  // Not before the command line is read: help needs neither a Redis client nor a runner of programs.
  const [{ startDevRedis }, { runCommand }] = await Promise.all([import('./start.js'), import('./run-command.js')]);
  const redis = await startDevRedis(way === undefined ? {} : { order: way });
  try {
    if (command !== undefined) return await runCommand(command, args, redis.url);
    // Listens before it prints the URL: whoever reads the URL may stop us at once.
    const asked = untilAskedToEnd();
    process.stdout.write(`${redis.url}\n`);
    return await Promise.race([asked, redis.exited.then(() => exitUnavailable)]);
  } finally {
    await redis.stop();
  }
}

function untilAskedToEnd(): Promise<number> {
  // Neither a signal listener nor the Redis process keeps this process alive.
  const stayAlive = setInterval(() => {}, 1 << 30);
  return new Promise((resolve) => {
    onEndingSignal(() => {
      clearInterval(stayAlive);
      resolve(0);
    });
  });
}

function exitCodeFor(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitUsage;
  process.stderr.write(`bullpen-dev-redis: ${error instanceof Error ? error.message : String(error)}\n`);
  return error instanceof DevRedisUnavailable ? exitUnavailable : exitSoftware;
}

process.exit(await main().catch(exitCodeFor));
