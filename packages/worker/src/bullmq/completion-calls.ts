import { queueKeys } from '@bullpen/shared/internal';
import type { RowNote } from '../attempt/row-note.js';
import { Coalescer, jobsPerCall } from '../redis/coalescer.js';
import type { ScriptedRedis } from '../redis/commands.js';

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

/**
 * Redis' answer: 0, completed; 1, nothing was done, BullMQ's own script is to do it; below 0, not
 * ours, in BullMQ's numbers. And the next job, if one was fetched: its fields and its id.
 */
export type Completed = readonly [answer: number, next: readonly [fields: string[], id: string] | null];

/** Where they go. */
export interface CompletionDeps {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
  readonly queue: string;
  readonly leaseMs: number;
  /** The worker's, as its fetches are known by. */
  readonly name: string;
  readonly concurrency: number;
}

/** A call is also sent when its results have so many characters. */
const MAX_CHARACTERS = 262_144;

/** Records the success of rows, those that end in one turn of the event loop together. */
export class CompletionCalls {
  readonly #redis: ScriptedRedis;
  readonly #before: readonly (string | number)[];
  readonly #head: readonly [base: string, leaseMs: number, name: string];
  readonly #coalescer: Coalescer<Completion, Completed>;
  /** Of the results that wait to be sent. */
  #characters = 0;

  constructor({ redis, prefix, queue, leaseMs, name, concurrency }: CompletionDeps) {
    const keys = queueKeys(prefix, queue);
    const { wait, active, prioritized, events, stalled, delayed, meta, marker, pc } = keys;
    this.#redis = redis;
    this.#before = [wait, active, prioritized, events, stalled, delayed, meta, marker, pc];
    this.#head = [keys.base, leaseMs, name];
    this.#coalescer = new Coalescer(jobsPerCall(concurrency), (rows) => this.#call(rows));
  }

  /**
   * @throws what the connection throws; then whether it was carried out is not known. And what
   * Redis says of this row alone
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
    const answers = await this.#redis.bullpenCompleteRows([...this.#before, base, Date.now(), leaseMs, name, ...args]);
    return rows.map((_, at) => {
      const answer = answers[2 * at];
      return answer instanceof Error ? answer : [answer as number, answers[2 * at + 1] as Completed[1]];
    });
  }
}

const argsOf = ({ jobId, token, isNextWanted, result, batch, note }: Completion): (string | number)[] => [
  ...[jobId, token, isNextWanted ? '1' : '', result, batch, note.row, note.text],
];
