import { sendNow } from '@bullpen/shared';
import type { SharedJob } from './books.js';
import { type RowNote, rowNoteArgs } from './row-note.js';
import type { ScriptedRedis } from './scripted-redis.js';

/** Ends of rows on their way to Redis, together with those of other shared jobs. */
export interface SentEnds {
  /** Settles when they have left this process: a kill cannot undo them any more. */
  readonly sent: Promise<unknown>;
  /** Redis' answer for each of the jobs: `1`, or `0` when the job is not ours. */
  readonly answers: Promise<string>;
  /** Which of the answers is theirs. */
  readonly at: number;
}

/** What goes to Redis in one call. */
class Group {
  readonly args: (string | number)[] = [];
  count = 0;
  readonly sent: Promise<unknown>;
  readonly answers: Promise<string>;
  #send: ((sent: unknown) => void) | undefined;
  #answer: ((answers: Promise<string>) => void) | undefined;

  constructor() {
    this.sent = new Promise((resolve) => {
      this.#send = resolve;
    });
    this.answers = new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  settle(sent: unknown, answers: Promise<string>): void {
    this.#answer?.(answers);
    this.#send?.(sent);
  }
}

/**
 * Sends the ends of rows. A row's end leaves the process before the next row of its job is begun, so that a crash repeats at most the row in hand; and the rows that end in one turn of the event
 * loop, each of another job, leave together: a call to the system costs more than a quick row.
 */
export class RowEnds {
  readonly #redis: ScriptedRedis;
  readonly #prefix: string;
  readonly #queue: string;
  #group: Group | undefined;

  constructor(redis: ScriptedRedis, prefix: string, queue: string) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#queue = queue;
  }

  /** Notes the ends of rows of a shared job, while its lease holds. */
  send({ jobId, batch, lease }: Omit<SharedJob, 'queue'>, notes: readonly RowNote[]): SentEnds {
    if (this.#group === undefined) {
      this.#group = new Group();
      // When all that has ended by now has said so.
      process.nextTick(() => this.#flush());
    }
    const group = this.#group;
    group.args.push(jobId, lease.token, batch, notes.length);
    for (const note of notes) group.args.push(...rowNoteArgs(note));
    group.count += 1;
    return { sent: group.sent, answers: group.answers, at: group.count - 1 };
  }

  #flush(): void {
    const group = this.#group;
    if (group === undefined) return;
    this.#group = undefined;
    const redis = this.#redis;
    const base = `${this.#prefix}:${this.#queue}:`;
    const answers = redis.bullpenSettleRows(`${base}active`, base, ...group.args);
    // Each of the jobs hears of a failure and sees to its own rows; nobody else is to.
    answers.catch(() => undefined);
    const hasLeft = sendNow(redis) && redis.status === 'ready';
    group.settle(hasLeft ? undefined : answers.catch(() => undefined), answers);
  }
}
