import { Worker } from 'node:worker_threads';
import { EXIT } from '@bullpen/shared/internal';

/** What the thread is given. */
export interface WatchdogData {
  /** Counts up as long as the event loop of the main thread turns. */
  readonly beats: Int32Array;
  /** What the process exits with. */
  readonly code: number;
}

/** What the thread is told. */
export interface WatchdogMessage {
  /** When the process is to end, in milliseconds from now. Only ever sooner. */
  readonly endInMs?: number;
  /** How long the event loop may stand still, in milliseconds. */
  readonly stillMs?: number;
}

const BEAT_MS = 200;
/**
 * How long after the last deadline of a drain, or after a lease that nobody could renew, the
 * process ends.
 */
const GRACE_MS = 1_000;
/**
 * How long a team's modules may hold the event loop while they are loaded. Nothing has a lease yet.
 */
const LOADING_MS = 30_000;

/**
 * A thread that ends this process with exit code 70 when nothing else can: one second after the
 * last deadline it was told of, or after the event loop has stood still for a second longer than a
 * lease, when every job of this process is another worker's already. It needs neither the event
 * loop nor Redis. For commands only: a library does not end its process.
 */
export class Watchdog {
  readonly #thread: Worker;
  readonly #timer: NodeJS.Timeout;

  /**
   * @param failed is called when the thread itself ends: nothing would end a process that hangs any
   * more
   */
  constructor(failed: (error: unknown) => void) {
    const beats = new Int32Array(new SharedArrayBuffer(4));
    const workerData: WatchdogData = { beats, code: EXIT.cutOff };
    this.#thread = new Worker(new URL('./watchdog-thread.js', import.meta.url), {
      name: 'bullpen-watchdog',
      workerData,
      // Not ours: NODE_OPTIONS would load the team's agents into the thread, and they its heap.
      env: {},
      // WASI, by which it exits, is still called experimental.
      execArgv: ['--disable-warning=ExperimentalWarning'],
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
    this.#thread.on('error', failed);
    this.#thread.unref();
    this.#timer = setInterval(() => Atomics.add(beats, 0, 1), BEAT_MS);
    this.#timer.unref();
    this.#tell({ stillMs: LOADING_MS });
  }

  /** From now on there are leases to lose. */
  guardLeases(leaseMs: number): void {
    this.#tell({ stillMs: leaseMs + GRACE_MS });
  }

  /**
   * Ends the process if it has not ended by itself within `ms`, and a second. Told again, the
   * earlier end counts.
   */
  endIn(ms: number): void {
    this.#tell({ endInMs: ms + GRACE_MS });
  }

  #tell(message: WatchdogMessage): void {
    this.#thread.postMessage(message);
  }
}
