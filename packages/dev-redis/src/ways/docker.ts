import { once } from 'node:events';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Note, WayResult } from '../dev-redis.js';
import type { Environment } from '../environment.js';
import { briefly } from '../errors.js';
import { startSupervised } from '../supervised.js';
import { within } from '../within.js';

const pipeScheme = 'npipe://';
const socketScheme = 'unix://';
const answerLimitMs = 500;
const startLimitMs = 150_000;

/** Runs Redis in a container, where a Docker engine answers. */
export async function startInDocker(environment: Environment, note: Note): Promise<WayResult> {
  const { engine, reason } = await findEngine(environment);
  if (engine === undefined) return { reason: `no Docker engine answers (${reason})`, tell: false };
  try {
    const task = { run: 'container' } as const;
    // testcontainers misreads a pipe in DOCKER_HOST, but finds the usual pipe by itself.
    const dockerHost = engine.startsWith(pipeScheme) ? undefined : engine;
    const { version, ...redis } = await startSupervised({ task, startLimitMs, note, dockerHost });
    return { redis: { ...redis, way: 'docker', description: `redis ${version} in a Docker container` } };
  } catch (error) {
    return { reason: `${engine} gave no Redis: ${briefly(error)}`, tell: true };
  }
}

/**
 * Finds the first engine that accepts a connection. Asking a socket takes milliseconds; loading
 * testcontainers takes 0.3 s.
 */
async function findEngine({ dockerHost, runtimeFolder }: Environment): Promise<{ engine?: string; reason?: string }> {
  // DOCKER_HOST is a choice: no other engine is tried.
  const candidates = dockerHost === undefined ? await likelyEngines(runtimeFolder) : [dockerHost];
  let reason: string | undefined;
  for (const candidate of candidates) {
    try {
      await connectTo(candidate);
      return { engine: candidate };
    } catch (error) {
      reason ??= briefly(error);
    }
  }
  return reason === undefined ? {} : { reason };
}

async function likelyEngines(runtimeFolder: string | undefined): Promise<string[]> {
  if (process.platform === 'win32') return [`${pipeScheme}//./pipe/docker_engine`];
  const home = join(homedir(), '.docker');
  const rootless = runtimeFolder === undefined ? [] : [join(runtimeFolder, 'docker.sock')];
  const sockets = [
    '/var/run/docker.sock',
    ...rootless,
    join(home, 'run/docker.sock'),
    join(home, 'desktop/docker.sock'),
  ];
  return [...(await currentContext()), ...sockets.map((socket) => socketScheme + socket)];
}

/**
 * Reads the engine of the docker command's current context, which testcontainers does not read.
 * Colima, OrbStack and others can be found only there.
 */
async function currentContext(): Promise<string[]> {
  const args = ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'];
  const { stdout, failed } = await execa('docker', args, { reject: false, stdin: 'ignore', timeout: answerLimitMs });
  return failed ? [] : [stdout.trim()];
}

/**
 * Reads the address of an engine; `undefined` for one that testcontainers cannot use, such as ssh.
 */
export function engineAddress(dockerHost: string): { path: string } | { host: string; port: number } | undefined {
  for (const scheme of [socketScheme, pipeScheme]) {
    if (dockerHost.startsWith(scheme)) return { path: dockerHost.slice(scheme.length) };
  }
  if (!URL.canParse(dockerHost)) return undefined;
  const { protocol, hostname, port } = new URL(dockerHost);
  if (!['tcp:', 'http:', 'https:'].includes(protocol)) return undefined;
  return { host: hostname, port: port === '' ? 2375 : Number(port) };
}

async function connectTo(dockerHost: string): Promise<void> {
  const address = engineAddress(dockerHost);
  if (address === undefined) throw new Error(`testcontainers cannot use ${dockerHost}`);
  const socket = connect(address);
  try {
    await within(answerLimitMs, 'connecting', once(socket, 'connect'));
  } finally {
    socket.on('error', () => {}).destroy();
  }
}
