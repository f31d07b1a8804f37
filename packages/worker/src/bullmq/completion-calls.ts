import { Coalescer, queueKeys } from '@bullpen/shared/internal';
import type { RowNote } from '../attempt/row-note.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { jobsPerCall } from '../redis/jobs-per-call.js';

/** The success of a row that has a job of its own. */
export interface Completion {
  readonly jobId: string;
  readonly token: string;
  readonly isNextWanted: boolean;
  /** What its handler returned, as JSON. */
  readonly result: string;
  readonly batch: string;
  readonly note: RowNote;
}

/**
 * Redis' answer for one row:
 * - 0: completed
 * - 1: nothing was done; BullMQ's own script must do it
 * - below 0: the job is not ours; the numbers are BullMQ's
 * Then the next job, its fields and its id, if one was fetched.
 */
export type Completed = readonly [answer: number, next: readonly [fields: string[], id: string] | null];

/** What {@link CompletionCalls} need. */
export interface CompletionDeps {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
  readonly queue: string;
  readonly leaseMs: number;
  /** The name under which this worker fetches. */
  readonly name: string;
  readonly concurrency: number;
}

/** A call is sent as soon as its results have this many characters. */
const MAX_CHARACTERS = 262_144;

/** Records the success of rows. Those that end in one turn of the event loop go in one call. */
export class CompletionCalls {
  readonly #redis: ScriptedRedis;
  readonly #keys: readonly (string | number)[];
  readonly #head: readonly [base: string, leaseMs: number, name: string];
  readonly #coalescer: Coalescer<Completion, Completed>;
  /** How many characters of results wait to be sent. */
  #characters = 0;

  constructor({ redis, prefix, queue, leaseMs, name, concurrency }: CompletionDeps) {
    const keys = queueKeys(prefix, queue);
    const { wait, active, prioritized, events, stalled, delayed, meta, marker, pc } = keys;
    this.#redis = redis;
    this.#keys = [wait, active, prioritized, events, stalled, delayed, meta, marker, pc];
    this.#head = [keys.base, leaseMs, name];
    this.#coalescer = new Coalescer(jobsPerCall(concurrency), (rows) => this.#call(rows));
  }

  /**
   * @throws what Redis refuses for this row alone; or what the connection throws, and then nobody
   *   knows whether Redis carried it out
   */
  add(completion: Completion): Promise<Completed> {
    this.#characters += completion.result.length;
    const completed = this.#coalescer.add(completion);
    if (this.#characters >= MAX_CHARACTERS) this.#coalescer.flush();
    return completed;
  }

  async #call(rows: readonly Completion[]): Promise<(Completed | Error)[]> {
    this.#characters = 0;
    const [base, leaseMs, name] = this.#head;
    const args = rows.flatMap(argsOf);
    const answers = await this.#redis.bullpenCompleteRows([...this.#keys, base, leaseMs, name, ...args]);
    return rows.map((_, at) => {
      const answer = answers[2 * at];
      return answer instanceof Error ? answer : [answer as number, answers[2 * at + 1] as Completed[1]];
    });
  }
}

const argsOf = ({ jobId, token, isNextWanted, result, batch, note }: Completion): (string | number)[] => [
  ...[jobId, token, isNextWanted ? '1' : '', result, batch, note.row, note.text],
];
