import { queueKeys } from '@bullpen/shared/internal';
import type { RowNote } from '../attempt/row-note.js';
import type { Retention } from '../in-flight/retention.js';
import type { ScriptedRedis } from '../redis/commands.js';

/** A success that is recorded in a turn. */
export interface PlainEnd {
  readonly jobId: string;
  readonly token: string;
  /** What its handler returned, as JSON. */
  readonly result: string;
  /** What else is recorded, as the script reads it. */
  readonly kind: readonly (string | number)[];
}

/** The kinds of ends, as the script reads them. */
export const END = {
  /** A single job. It is kept, with the number of attempts made. */
  job: (attemptsMade: number): PlainEnd['kind'] => ['job', attemptsMade],
  /** The job of a row. */
  row: (batch: string, { row, text }: RowNote): PlainEnd['kind'] => ['row', batch, row, text],
  /** A job that rows share. */
  rows: (batch: string): PlainEnd['kind'] => ['rows', batch],
} as const;

/**
 * Redis' answer to one end:
 * - 0: completed
 * - 1: nothing was done; BullMQ's own script must do it
 * - below 0: the job is not ours; the numbers are BullMQ's
 * - an error: completed, but Redis refused to note it in the books
 */
export type EndAnswer = number | Error;

/** A job as a turn brought it: its id, and its fields and their values before the fetch. */
export type RawJob = readonly [id: string, fields: readonly string[]];

/** What a turn asks for. */
export interface Turn {
  readonly ends: readonly PlainEnd[];
  /** The token of the leases of the jobs that it fetches. */
  readonly token: string;
  /** How many jobs it may fetch for free slots, and how many more. */
  readonly free: number;
  readonly ahead: number;
}

/** Redis' answer to a turn. */
export interface TurnAnswer {
  readonly answers: readonly EndAnswer[];
  readonly jobs: readonly RawJob[];
  /** Ids that were taken off the queue: their keys hold no job. */
  readonly strangers: readonly string[];
  /** When the jobs were fetched, in milliseconds since 1970, by Redis' clock. */
  readonly fetchedAt: number;
  /** For how long a rate limit keeps everybody from this queue's jobs, in ms; 0 without one. */
  readonly limitedMs: number;
  /** When the first delayed job is due, by Redis' clock; 0 when it is not known or there is none. */
  readonly dueAt: number;
}

/** What {@link TurnCalls} needs. */
export interface TurnCallsDeps {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
  readonly queue: string;
  readonly leaseMs: number;
  /** The name under which this worker fetches. */
  readonly name: string;
  readonly retention: Pick<Retention, 'keep'>;
}

/** Sends turns to Redis. */
export class TurnCalls {
  readonly #redis: ScriptedRedis;
  readonly #keys: readonly string[];
  readonly #head: readonly [base: string, leaseMs: number, name: string];
  readonly #queue: string;
  readonly #retention: Pick<Retention, 'keep'>;

  constructor({ redis, prefix, queue, leaseMs, name, retention }: TurnCallsDeps) {
    const keys = queueKeys(prefix, queue);
    const { base, wait, active, prioritized, events, stalled, delayed, meta, marker, pc, completed } = keys;
    this.#redis = redis;
    this.#keys = [wait, active, prioritized, events, stalled, delayed, meta, marker, pc, completed, `${base}limiter`];
    this.#head = [base, leaseMs, name];
    this.#queue = queue;
    this.#retention = retention;
  }

  /** @throws what the connection throws; nobody knows then whether Redis carried the turn out */
  async send({ ends, token, free, ahead }: Turn): Promise<TurnAnswer> {
    const { count, age } = this.#retention.keep(this.#queue, 'completed');
    const args: (string | number)[] = [...this.#keys, ...this.#head, token, free, ahead, count, age];
    for (const { jobId, token, result, kind } of ends) args.push(jobId, token, result, ...kind);
    const [answers, fetched, fetchedAt, limitedMs, dueAt] = await this.#redis.bullpenTurn(args);
    const [jobs, strangers]: [RawJob[], string[]] = [[], []];
    for (let at = 0; at < fetched.length; at += 2) {
      const id = fetched[at] as string;
      const fields = fetched[at + 1] as string | string[] | 0;
      if (fields === 0) strangers.push(id);
      else jobs.push([id, typeof fields === 'string' ? JSON.parse(fields) : fields]);
    }
    return { answers, jobs, strangers, fetchedAt: Number(fetchedAt), limitedMs, dueAt };
  }
}
