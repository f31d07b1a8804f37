import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Note } from './dev-redis.js';
import { supervisorEnvironment } from './environment.js';
import { briefly } from './errors.js';
import { keepTail } from './output-tail.js';
import { parseReport, type SupervisorTask } from './supervisor-protocol.js';
import { within } from './within.js';

const supervisorFile = fileURLToPath(new URL('./supervisor.js', import.meta.url));
const stopLimitMs = 15_000;

/** A Redis that runs under a supervisor. */
export interface SupervisedRedis {
  readonly url: string;
  readonly version: string;
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

/** Options of {@link startSupervised}. */
export interface Supervision {
  readonly task: SupervisorTask;
  readonly startLimitMs: number;
  readonly note: Note;
  readonly dockerHost?: string | undefined;
}

/**
 * Starts a supervisor that runs a Redis, and resolves when that Redis answers.
 * @throws Error with the reason when it does not answer
 */
export async function startSupervised({ task, startLimitMs, note, dockerHost }: Supervision): Promise<SupervisedRedis> {
  const supervisor = spawn(process.execPath, [supervisorFile, JSON.stringify(task)], {
    // A process group of its own: Ctrl-C must reach the workers, which then drain, but not the
    // Redis that they use.
    detached: true,
    windowsHide: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: supervisorEnvironment(dockerHost),
  });
  const errors = keepTail(supervisor.stderr);
  const exited = once(supervisor, 'close').then(
    () => {
      // Only the supervisor was killed: its Redis still runs in the process group.
      if (supervisor.signalCode !== null) killGroup(supervisor);
    },
    (error: unknown) => errors.add(briefly(error)),
  );
  supervisor.stdin.on('error', () => {});

  const stop = async () => {
    supervisor.ref();
    supervisor.stdin.end();
    const timer = setTimeout(() => killGroup(supervisor), stopLimitMs);
    await exited;
    clearTimeout(timer);
  };
  try {
    const crashed = exited.then(() => Promise.reject(new Error(`its supervisor ended: ${errors.text().trim()}`)));
    const ready = Promise.race([untilReady(supervisor, note), crashed]);
    const { url, version } = await within(startLimitMs, 'starting', ready);
    letOwnerEnd(supervisor);
    return { url, version, exited, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Listens to the supervisor's reports, and settles with the one that says whether Redis runs. */
function untilReady(supervisor: ChildProcessWithoutNullStreams, note: Note) {
  return new Promise<{ url: string; version: string }>((resolve, reject) => {
    createInterface({ input: supervisor.stdout }).on('line', (line) => {
      const report = parseReport(line);
      if (report?.is === 'note') note(report.text);
      if (report?.is === 'ready') resolve(report);
      if (report?.is === 'failed') reject(new Error(report.reason));
      if (report?.is === 'ended') note(`Redis ended by itself (${report.reason})`);
    });
  });
}

/** Lets the owner end although the supervisor still runs; the supervisor then ends as well. */
function letOwnerEnd(supervisor: ChildProcess): void {
  supervisor.unref();
  for (const stream of supervisor.stdio) if (stream instanceof Socket) stream.unref();
}

function killGroup(supervisor: ChildProcess): void {
  if (supervisor.pid === undefined) return;
  try {
    if (process.platform === 'win32') supervisor.kill('SIGKILL');
    else process.kill(-supervisor.pid, 'SIGKILL');
  } catch {
    // The group has no process left.
  }
}
