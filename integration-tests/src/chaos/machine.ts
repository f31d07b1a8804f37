import { readFileSync } from 'node:fs';

/** Time that the machine withheld from a process that was ready to run. */
export interface Wait {
  /** Undefined for what every process waits for: Redis, and this process with the proxies in it. */
  readonly pid?: number;
  readonly at: number;
  readonly ms: number;
}

const SAMPLE_MS = 100;
/** A busy machine withholds less than this all the time. */
const WORTH_NOTING_MS = 20;

/**
 * Watches how the machine treats our processes. On a busy machine a process may stand still again
 * and again, each time too short for its own clock to notice, and lose a whole second. Linux counts
 * this; elsewhere only our own waiting is seen.
 */
export class Machine {
  readonly waits: Wait[] = [];
  readonly #total = new Map<number, number>();
  readonly #timer: NodeJS.Timeout;
  #sampledAt = performance.now();

  /** @param pids the workers of the moment, and Redis */
  constructor(pids: () => { readonly workers: readonly number[]; readonly redis: number | undefined }) {
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#note(now - this.#sampledAt - SAMPLE_MS);
      this.#sampledAt = now;
      const { workers, redis } = pids();
      for (const pid of workers) this.#note(this.#sinceLast(pid), pid);
      if (redis !== undefined) this.#note(this.#sinceLast(redis));
    }, SAMPLE_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #note(ms: number, pid?: number): void {
    if (ms >= WORTH_NOTING_MS)
      this.waits.push({ at: Date.now(), ms: Math.round(ms), ...(pid !== undefined && { pid }) });
  }

  #sinceLast(pid: number): number {
    const total = waitedMs(pid);
    const last = this.#total.get(pid) ?? 0;
    this.#total.set(pid, total);
    return total - last;
  }
}

/** How long a process has waited for a CPU since it started. */
function waitedMs(pid: number): number {
  try {
    const [, waitedNs] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    return Number(waitedNs) / 1e6;
  } catch {
    // It has just ended, or this is not Linux.
    return 0;
  }
}
