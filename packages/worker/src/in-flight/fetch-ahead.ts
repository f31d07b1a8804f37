/** An attempt is quick if it takes no longer than this, in milliseconds. */
const QUICK_MS = 2;
/** The most work that a process holds ahead, over all its queues, in milliseconds. */
const MAX_WORK_MS = 20;
/** The most jobs that one queue holds ahead, however quick they are. */
export const MAX_AHEAD = 50;
/** How long an attempt takes of which nothing is known yet: not quick, until some were. */
const UNKNOWN_MS = 50;
/** How much each attempt changes what is typical: some dozen quick ones make up for a slow one. */
const WEIGHT = 0.1;

/**
 * How many jobs a worker fetches before it has a slot for them. Such a job needs no trip to Redis
 * before it begins, but no other worker can have it meanwhile. So only jobs whose handlers have been
 * quick are fetched ahead, and never more than this process does in 20 ms.
 */
export class FetchAhead {
  readonly #queues: QueueAhead[] = [];

  /** @returns what one more queue of the process may hold */
  forQueue(): QueueAhead {
    const queue = new QueueAhead(() => this.#heldMs());
    this.#queues.push(queue);
    return queue;
  }

  #heldMs(): number {
    return this.#queues.reduce((sum, { heldMs }) => sum + heldMs, 0);
  }
}

/** What one queue may hold ahead. */
export class QueueAhead {
  readonly #heldByAllMs: () => number;
  #typicalMs = UNKNOWN_MS;
  #held = 0;

  constructor(heldByAllMs: () => number) {
    this.#heldByAllMs = heldByAllMs;
  }

  /** How long what it holds will take, about. */
  get heldMs(): number {
    return this.#held * this.#typicalMs;
  }

  /** @param count how many jobs it holds ahead now */
  holds(count: number): void {
    this.#held = count;
  }

  /** An attempt has taken so long, or has run for so long and goes on. */
  took(ms: number): void {
    this.#typicalMs += (ms - this.#typicalMs) * WEIGHT;
  }

  /** How many jobs it may hold ahead in all. */
  get most(): number {
    if (this.#typicalMs > QUICK_MS) return 0;
    const leftMs = MAX_WORK_MS - this.#heldByAllMs() + this.heldMs;
    return Math.max(0, Math.min(MAX_AHEAD, Math.floor(leftMs / this.#typicalMs)));
  }
}
