import type { SharedJob } from './books.js';
import { type RowNote, rowNoteArgs } from './row-note.js';
import type { ScriptedRedis } from './scripted-redis.js';

/** So many rows go in one call at most: more would keep Redis from everybody else for too long, and be too many arguments for one call of a function. */
const MOST_ROWS = 1_000;

/** What goes to Redis in one call. */
class Group {
  readonly args: (string | number)[] = [];
  jobs = 0;
  rows = 0;
  /** Redis' answer for each of the jobs, in their order: `1`, or `0` when the job is not ours. */
  readonly answers: Promise<string>;
  #answer: ((answers: Promise<string>) => void) | undefined;

  constructor() {
    this.answers = new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  /** @returns which of the answers is the job's */
  add({ jobId, batch, lease }: RowEndsOf, notes: readonly RowNote[]): number {
    const isPlain = ({ fate, text }: RowNote): boolean => fate === 'completed' && text === '';
    const others = notes.filter((note) => !isPlain(note));
    const plain = others.length === 0 ? notes : notes.filter(isPlain);
    this.args.push(jobId, lease.token, batch, plain.map(({ row }) => row).join(' '), others.length);
    for (const note of others) this.args.push(...rowNoteArgs(note));
    this.rows += notes.length;
    this.jobs += 1;
    return this.jobs - 1;
  }

  answerWith(answers: Promise<string>): void {
    this.#answer?.(answers);
  }
}

type RowEndsOf = Omit<SharedJob, 'queue'>;

/** Where they go. */
export interface RowEndsParts {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
  readonly queue: string;
  readonly concurrency: number;
}

/** How many jobs share a call at most: half of what this worker does at once, so that Redis works on one half while we do on the other; and not so many that others wait for Redis. */
export const jobsPerCall = (concurrency: number): number => Math.min(25, Math.ceil(concurrency / 2));

/** Sends the ends of rows. Those that end in one turn of the event loop, each of another job, go together: a call to the system costs more than a quick row. */
export class RowEnds {
  readonly #redis: ScriptedRedis;
  readonly #prefix: string;
  readonly #queue: string;
  readonly #mostJobs: number;
  #group: Group | undefined;

  constructor({ redis, prefix, queue, concurrency }: RowEndsParts) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#queue = queue;
    this.#mostJobs = jobsPerCall(concurrency);
  }

  /**
   * Notes the ends of rows of a shared job, while its lease holds.
   * @returns whether it did, or the job is not ours; rejects with what Redis throws
   */
  async send(job: RowEndsOf, notes: readonly RowNote[]): Promise<boolean> {
    if (this.#group !== undefined && this.#group.rows + notes.length > MOST_ROWS) this.#flush();
    if (this.#group === undefined) {
      this.#group = new Group();
      // When all that has ended by now has said so.
      process.nextTick(() => this.#flush());
    }
    const group = this.#group;
    const at = group.add(job, notes);
    if (group.jobs >= this.#mostJobs) this.#flush();
    return (await group.answers)[at] === '1';
  }

  /** As {@link send}, but in a call of its own: what Redis would not take is not to take others' ends along a second time. */
  async sendAlone(job: RowEndsOf, notes: readonly RowNote[]): Promise<boolean> {
    const group = new Group();
    group.add(job, notes);
    this.#call(group);
    return (await group.answers) === '1';
  }

  #flush(): void {
    const group = this.#group;
    if (group === undefined) return;
    this.#group = undefined;
    this.#call(group);
  }

  #call(group: Group): void {
    const base = `${this.#prefix}:${this.#queue}:`;
    group.answerWith(this.#redis.bullpenSettleRows(`${base}active`, base, ...group.args));
  }
}
