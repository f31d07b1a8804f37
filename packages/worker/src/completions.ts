import { jobsPerCall } from './row-ends.js';
import type { RowNote } from './row-note.js';
import type { ScriptedRedis } from './scripted-redis.js';

/** A row with a job of its own, whose handler succeeded. */
export interface Completion {
  readonly jobId: string;
  readonly token: string;
  readonly isNextWanted: boolean;
  /** What its handler returned, as JSON. */
  readonly result: string;
  readonly batch: string;
  readonly note: RowNote;
}

/** Redis' answer: 0, completed; 1, nothing was done, BullMQ's own script is to do it; below 0, not ours, in BullMQ's numbers. And the next job, if one was fetched: its fields and its id. */
export type Completed = readonly [answer: number, next: readonly [fields: string[], id: string] | null];

/** Where they go. */
export interface CompletionParts {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
  readonly queue: string;
  readonly leaseMs: number;
  /** The worker's, as its fetches are known by. */
  readonly name: string;
  readonly concurrency: number;
}

/** A call is also sent when its results have so many characters. */
const MOST_CHARACTERS = 262_144;

interface Waiting {
  readonly resolve: (completed: Completed) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Records the success of rows, those that end in one turn of the event loop together: a call costs more than a quick row, here and in Redis.
 */
export class Completions {
  readonly #redis: ScriptedRedis;
  readonly #before: readonly (string | number)[];
  readonly #mostRows: number;
  readonly #head: readonly [base: string, leaseMs: number, name: string];
  #args: (string | number)[] = [];
  #characters = 0;
  #waiting: Waiting[] = [];

  constructor({ redis, prefix, queue, leaseMs, name, concurrency }: CompletionParts) {
    const base = `${prefix}:${queue}:`;
    const names = ['wait', 'active', 'prioritized', 'events', 'stalled', 'delayed', 'meta', 'marker', 'pc'];
    this.#redis = redis;
    this.#before = names.map((key) => base + key);
    this.#head = [base, leaseMs, name];
    this.#mostRows = jobsPerCall(concurrency);
  }

  /** @throws what the connection throws; then whether it was carried out is not known. And what Redis says of this row alone */
  add({ jobId, token, isNextWanted, result, batch, note }: Completion): Promise<Completed> {
    // When all that has ended by now has said so.
    if (this.#waiting.length === 0) process.nextTick(() => this.#send());
    this.#args.push(jobId, token, isNextWanted ? '1' : '', result, batch, note.row, note.text);
    this.#characters += result.length;
    const completed = new Promise<Completed>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    if (this.#waiting.length >= this.#mostRows || this.#characters >= MOST_CHARACTERS) this.#send();
    return completed;
  }

  #send(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    const [base, leaseMs, name] = this.#head;
    const args = [...this.#before, base, Date.now(), leaseMs, name, ...this.#args];
    [this.#args, this.#waiting, this.#characters] = [[], [], 0];
    this.#redis.bullpenCompleteRows(args).then(
      (answers) => {
        for (const [at, { resolve, reject }] of waiting.entries()) {
          const answer = answers[2 * at];
          if (answer instanceof Error) reject(answer);
          else resolve([answer as number, answers[2 * at + 1] as Completed[1]]);
        }
      },
      (error: unknown) => {
        for (const { reject } of waiting) reject(error);
      },
    );
  }
}
