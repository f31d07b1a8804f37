import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askRedis } from './ask-redis.js';
import { redisEnvironment } from './environment.js';
import { briefly } from './errors.js';
import { keepTail, type Tail } from './output-tail.js';
import type { RedisProgram, RunningRedis } from './redis-program.js';
import { durable, settingsAsArgs } from './redis-settings.js';

const readyLimitMs = 10_000;
const endLimitMs = 1_000;
const maxPortClashes = 5;

interface RedisChild {
  readonly process: ChildProcess;
  readonly log: Tail;
  readonly gone: Promise<unknown>;
}

/**
 * Runs a Redis on the loopback, on a free port, with a data folder of its own that `stop` removes.
 */
export async function startRedisProcess(program: RedisProgram, stopAsked: Promise<unknown>): Promise<RunningRedis> {
  // The real path: we recognise our own Redis by its folder, and on macOS /tmp is a link.
  const dataFolder = await realpath(await mkdtemp(join(tmpdir(), 'bullpen-redis-')));
  const removeData = () => rm(dataFolder, { recursive: true, force: true, maxRetries: 5 });
  try {
    for (let clashes = 0; clashes < maxPortClashes; clashes += 1) {
      const port = await freePort();
      const child = spawnRedis(program, dataFolder, port);
      const url = `redis://127.0.0.1:${port}`;
      const version = await untilOurs(child, url, dataFolder, stopAsked);
      if (version === undefined) continue;
      const ended = child.gone.then(() => lastWords(child));
      return { url, version, ended, stop: () => end(child).then(removeData) };
    }
    throw new Error(`${maxPortClashes} free ports in a row were taken before Redis could listen on them`);
  } catch (error) {
    await removeData();
    throw error;
  }
}

function spawnRedis({ binary, libraryFolders }: RedisProgram, dataFolder: string, port: number): RedisChild {
  const place = { bind: '127.0.0.1', port: String(port), dir: dataFolder, daemonize: 'no' };
  const args = settingsAsArgs({ ...place, ...durable });
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'], env: redisEnvironment(libraryFolders) });
  const log = keepTail(child.stdout, child.stderr);
  // `close`, not `exit`, so that the log is complete. When the program cannot run, this rejects
  // with the reason.
  const gone = once(child, 'close').catch((error: unknown) => log.add(briefly(error)));
  return { process: child, log, gone };
}

/**
 * Waits until our Redis answers, and returns its version; `undefined` when another process took the
 * port first. Throws any other fault.
 */
async function untilOurs(child: RedisChild, url: string, dataFolder: string, stopAsked: Promise<unknown>) {
  try {
    const facts = await askRedis(url, readyLimitMs, Promise.race([child.gone, stopAsked]));
    if (facts.dataFolder === dataFolder) return facts.version ?? 'of unknown version';
    await end(child);
    return undefined;
  } catch (error) {
    const { exitCode } = child.process;
    await end(child);
    if (/address already in use/i.test(child.log.text())) return undefined;
    throw exitCode === null ? error : new Error(lastWords(child));
  }
}

async function end({ process: child, gone }: RedisChild): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), endLimitMs);
  await gone;
  clearTimeout(timer);
}

function lastWords({ process: child, log }: RedisChild): string {
  const how = child.signalCode ?? (child.pid === undefined ? 'not run' : `exit code ${child.exitCode}`);
  return [how, log.lastLine()].filter((part) => part !== '').join(': ');
}

/** Finds a free port. Another process may take it before Redis does; `untilOurs` notices that. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}
