import { Worker } from 'node:worker_threads';
import { EXIT, type Logger } from '@bullpen/shared';

/** What the thread is given. */
export interface WatchdogData {
  /** Counts up as long as the event loop of the main thread turns. */
  readonly beats: Int32Array;
  /** How long the count may stand still, in milliseconds. */
  readonly stillMs: number;
  /** What the process exits with. */
  readonly code: number;
}

/** What the thread is told. */
export interface WatchdogMessage {
  readonly endInMs: number;
}

const BEAT_MS = 200;
/** How long after the last deadline of a drain, or after a lease that nobody could renew, the process ends. */
const GRACE_MS = 1_000;

/**
 * A thread that ends this process with exit code 70 when nothing else can: one second after the last deadline it was told of, or after the event loop has stood still for a second
 * longer than a lease, when every job of this process is another worker's already. It needs neither the event loop nor Redis. For commands only: a library does not end its process.
 */
export class Watchdog {
  readonly #thread: Worker;
  readonly #timer: NodeJS.Timeout;

  constructor(leaseMs: number, log: Logger) {
    const beats = new Int32Array(new SharedArrayBuffer(4));
    const workerData: WatchdogData = { beats, stillMs: leaseMs + GRACE_MS, code: EXIT.cutOff };
    this.#thread = new Worker(new URL('./watchdog-thread.js', import.meta.url), {
      name: 'bullpen-watchdog',
      workerData,
      // WASI, by which it exits, is still called experimental.
      execArgv: ['--disable-warning=ExperimentalWarning'],
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
    this.#thread.on('error', (error) =>
      log.error({ err: error }, 'watchdog failed; nothing ends this process if it hangs'),
    );
    this.#thread.unref();
    this.#timer = setInterval(() => Atomics.add(beats, 0, 1), BEAT_MS);
    this.#timer.unref();
  }

  /** Ends the process if it has not ended by itself within `ms`, and a second. Told again, the last word counts. */
  endIn(ms: number): void {
    this.#thread.postMessage({ endInMs: ms + GRACE_MS } satisfies WatchdogMessage);
  }
}
