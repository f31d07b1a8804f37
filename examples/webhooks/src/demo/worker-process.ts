import { join } from 'node:path';
import { execa } from 'execa';
import { fileOfCommand } from './command.js';

/** Options of {@link startWorkerProcess}. */
export interface WorkerStart {
  /** `A`. */
  readonly letter: string;
  readonly handlers: string;
  readonly redisUrl: string;
  readonly prefix: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly logFolder: string;
}

/** What a worker logs when it stops. */
interface StopSummary {
  /** How many attempts were under way when it was told to stop. */
  readonly active: number;
  readonly handedBack: number;
  readonly durationMs: number;
}

/** How a worker's process ended. */
interface WorkerEnd {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** `undefined` when the process was killed. */
  readonly summary: StopSummary | undefined;
}

/** `bullpen-worker`, running in a process of its own. */
export interface WorkerProcess {
  /** `worker A`. */
  readonly name: string;
  /** Resolves when it takes jobs. */
  readonly ready: Promise<void>;
  /** Resolves when the process has ended and its last line was read. */
  readonly ended: Promise<WorkerEnd>;
  /** Whether `kill` was called; if not, the process ended by itself. */
  readonly wasToldToEnd: boolean;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

/**
 * Starts a worker. Its log goes to a file; this process reads only the lines "worker ready" and
 * "worker stopped".
 */
export function startWorkerProcess(start: WorkerStart): WorkerProcess {
  const { letter, handlers, redisUrl, prefix, environment, logFolder } = start;
  const name = `worker ${letter}`;
  let summary: StopSummary | undefined;
  let wasToldToEnd = false;
  let becomeReady: (() => void) | undefined;
  const ready = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });

  function* watch(chunk: unknown): Generator<string> {
    const line = String(chunk);
    // Most lines are about attempts; parsing them all would cost too much.
    if (line.includes('"worker ready"')) becomeReady?.();
    else if (line.includes('"worker stopped"')) summary = JSON.parse(line) as StopSummary;
    yield line;
  }
  const flags = ['--handlers', handlers, '--redis', redisUrl, '--prefix', prefix, '--log-level', 'info'];
  const child = execa(process.execPath, [fileOfCommand('@bullpen/worker', 'bullpen-worker'), ...flags], {
    env: { ...environment, WEBHOOK_USER_AGENT: name },
    stdin: 'ignore',
    stdout: [watch, { file: join(logFolder, `${letter}.log`) }],
    stderr: { file: join(logFolder, `${letter}.stderr.log`) },
    buffer: false,
    reject: false,
  });
  return {
    name,
    ready,
    ended: child.then(({ exitCode, signal }) => ({ exitCode, signal, summary })),
    get wasToldToEnd() {
      return wasToldToEnd;
    },
    kill(signal) {
      wasToldToEnd = true;
      child.kill(signal);
    },
  };
}
