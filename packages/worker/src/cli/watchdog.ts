import { Worker } from 'node:worker_threads';
import { EXIT } from '@bullpen/shared/command';
import { STOP_SIGNALS, type TellHeard } from '@bullpen/shared/internal';
import { LOOK_EVERY_MS, untilNextLook } from '../redis/look-timer.js';
import { LAST_WORD, type WatchdogData, type WatchdogMessage, type WatchdogReport } from './watchdog-messages.js';

const BEAT_MS = 200;
/** Added to the last deadline of a drain, and to a lease that could not be renewed. */
const GRACE_MS = 1_000;
/** How long a team's modules may block the event loop while they load. No job has a lease yet. */
const LOADING_MS = 30_000;

/** What {@link Watchdog} needs. Durations are in milliseconds. */
export interface WatchdogOptions {
  readonly drainTimeout: number;
  readonly abortGrace: number;
  /** Called when the thread itself fails: from then on nothing ends a hung process. */
  readonly failed: (error: unknown) => void;
  /** Called when this Node does not let the thread hear signals. */
  readonly isDeaf: () => void;
}

/**
 * A thread that ends this process with exit code 70 when nothing else can. It does so one second
 * after the last deadline that it was told, or after the last deadline of a drain whose signal the
 * main thread has not answered, or when the event loop has stood still for a second longer than a
 * lease: other workers have all the jobs of this process by then. It needs neither the event loop
 * nor Redis. For commands only: a library does not end its process.
 */
export class Watchdog {
  readonly #thread: Worker;
  readonly #beats = new Int32Array(new SharedArrayBuffer(4));
  #isIdle: () => boolean = () => false;
  #restMs = LOOK_EVERY_MS;
  #rests = false;
  #tellHeard: TellHeard = () => undefined;

  constructor({ drainTimeout, abortGrace, failed, isDeaf }: WatchdogOptions) {
    this.#thread = startThread({
      beats: this.#beats,
      code: EXIT.cutOff,
      signals: STOP_SIGNALS,
      firstSignalMs: drainTimeout + abortGrace + GRACE_MS,
      nextSignalMs: abortGrace + GRACE_MS,
    });
    this.#thread.on('message', (report: WatchdogReport) => {
      if ('isDeaf' in report) isDeaf();
      else this.#tellHeard(report.heard, report.nth);
    });
    this.#thread.on('error', failed);
    this.#thread.unref();
    this.#tell({ stillMs: LOADING_MS });
    this.#beat();
  }

  /** Tells `tell` of each signal that the thread hears, also when the main thread does not. */
  onSignal(tell: TellHeard): void {
    this.#tellHeard = tell;
  }

  /**
   * Before the thread ends a process that was told to stop, it has the main thread call `lastWord`,
   * in the middle of whatever runs there. It cannot when the main thread is in a system call.
   */
  onEnd(lastWord: () => void): void {
    (globalThis as { [key: symbol]: unknown })[Symbol.for(LAST_WORD)] = lastWord;
  }

  /** From now on the event loop may stand still for one lease, and a second. */
  guardLeases(leaseMs: number): void {
    this.#restMs = Math.min(LOOK_EVERY_MS, 0.4 * leaseMs);
    this.#tell({ stillMs: leaseMs + GRACE_MS });
  }

  /**
   * While `isIdle`, both threads wake up only when the process looks for jobs. An event loop that
   * then stands still is noticed later, by two fifths of a lease at most.
   */
  restWhile(isIdle: () => boolean): void {
    this.#isIdle = isIdle;
  }

  /**
   * Ends the process if it has not ended by itself within `ms`, and a second. Of several calls the
   * earliest end counts.
   */
  endIn(ms: number): void {
    this.#tell({ endInMs: ms + GRACE_MS });
  }

  #beat(): void {
    Atomics.add(this.#beats, 0, 1);
    const rests = this.#isIdle();
    if (rests || this.#rests) this.#tell({ restMs: rests ? this.#restMs : 0 });
    this.#rests = rests;
    setTimeout(() => this.#beat(), rests ? untilNextLook(this.#restMs) : BEAT_MS).unref();
  }

  #tell(message: WatchdogMessage): void {
    this.#thread.postMessage(message);
  }
}

function startThread(workerData: WatchdogData): Worker {
  const start = (flags: readonly string[]): Worker =>
    new Worker(new URL('./watchdog-thread.js', import.meta.url), {
      name: 'bullpen-watchdog',
      workerData,
      // Without NODE_OPTIONS, which could load a team's agents into the thread and fill its heap.
      env: {},
      // The thread exits through WASI, which Node calls experimental, and hears signals through a
      // binding that Node calls internal.
      execArgv: ['--no-warnings', ...flags],
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
  try {
    return start(['--expose-internals']);
  } catch {
    // A later Node may refuse the flag. Then the main thread alone hears signals.
    return start([]);
  }
}
