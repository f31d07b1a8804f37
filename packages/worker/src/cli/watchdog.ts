import { Worker } from 'node:worker_threads';
import { EXIT } from '@bullpen/shared/internal';
import type { WatchdogData, WatchdogMessage } from './watchdog-messages.js';

const BEAT_MS = 200;
/** Added to the last deadline of a drain, and to a lease that could not be renewed. */
const GRACE_MS = 1_000;
/** How long a team's modules may block the event loop while they load. No job has a lease yet. */
const LOADING_MS = 30_000;

/**
 * A thread that ends this process with exit code 70 when nothing else can. It does so one second
 * after the last deadline that it was told, or when the event loop has stood still for a second
 * longer than a lease: other workers have all the jobs of this process by then. It needs neither
 * the event loop nor Redis. For commands only: a library does not end its process.
 */
export class Watchdog {
  readonly #thread: Worker;
  readonly #timer: NodeJS.Timeout;

  /** @param failed called when the thread itself fails: from then on nothing ends a hung process */
  constructor(failed: (error: unknown) => void) {
    const beats = new Int32Array(new SharedArrayBuffer(4));
    const workerData: WatchdogData = { beats, code: EXIT.cutOff };
    this.#thread = new Worker(new URL('./watchdog-thread.js', import.meta.url), {
      name: 'bullpen-watchdog',
      workerData,
      // Without NODE_OPTIONS, which could load a team's agents into the thread and fill its heap.
      env: {},
      // The thread exits through WASI, which Node still calls experimental.
      execArgv: ['--disable-warning=ExperimentalWarning'],
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
    this.#thread.on('error', failed);
    this.#thread.unref();
    this.#timer = setInterval(() => Atomics.add(beats, 0, 1), BEAT_MS);
    this.#timer.unref();
    this.#tell({ stillMs: LOADING_MS });
  }

  /** From now on the event loop may stand still for one lease, and a second. */
  guardLeases(leaseMs: number): void {
    this.#tell({ stillMs: leaseMs + GRACE_MS });
  }

  /**
   * Ends the process if it has not ended by itself within `ms`, and a second. Of several calls the
   * earliest end counts.
   */
  endIn(ms: number): void {
    this.#tell({ endInMs: ms + GRACE_MS });
  }

  #tell(message: WatchdogMessage): void {
    this.#thread.postMessage(message);
  }
}
