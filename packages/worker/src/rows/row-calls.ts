import { Coalescer, type QueueKeys, queueKeys } from '@bullpen/shared/internal';
import { type RowNote, rowNoteArgs } from '../attempt/row-note.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { jobsPerCall } from '../redis/jobs-per-call.js';
import type { SharedJob } from './row-jobs.js';

/**
 * The most rows in one call. More would keep Redis from everybody else for too long, and be too
 * many arguments for one call of a function.
 */
const MAX_ROWS = 1_000;

type NotedJob = Omit<SharedJob, 'queue'>;

/** What {@link RowCalls} need. */
export interface RowCallsDeps {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
  readonly queue: string;
  readonly concurrency: number;
}

/** The ends of rows of one shared job. */
interface Ends {
  readonly job: NotedJob;
  readonly notes: readonly RowNote[];
}

/**
 * Sends the ends of rows. Those that end in one turn of the event loop, each of another shared job,
 * go in one call.
 */
export class RowCalls {
  readonly #redis: ScriptedRedis;
  readonly #keys: QueueKeys;
  readonly #coalescer: Coalescer<Ends, boolean>;
  /** How many rows wait to be sent. */
  #rows = 0;

  constructor({ redis, prefix, queue, concurrency }: RowCallsDeps) {
    this.#redis = redis;
    this.#keys = queueKeys(prefix, queue);
    this.#coalescer = new Coalescer(jobsPerCall(concurrency), (all) => {
      this.#rows = 0;
      return this.#call(all);
    });
  }

  /**
   * Sends the ends of rows of a shared job, to be noted while its lease holds.
   * @returns false when the job is not ours any more
   * @throws what Redis throws
   */
  send(job: NotedJob, notes: readonly RowNote[]): Promise<boolean> {
    if (this.#rows + notes.length > MAX_ROWS) this.#coalescer.flush();
    this.#rows += notes.length;
    return this.#coalescer.add({ job, notes });
  }

  /**
   * Like {@link send}, but in a call of its own. Redis may refuse it again, and must not refuse the
   * ends of other jobs with it.
   */
  async sendAlone(job: NotedJob, notes: readonly RowNote[]): Promise<boolean> {
    const [isOurs] = await this.#call([{ job, notes }]);
    return isOurs === true;
  }

  async #call(all: readonly Ends[]): Promise<boolean[]> {
    const { active, base } = this.#keys;
    const answers = await this.#redis.bullpenSettleRows(active, base, ...all.flatMap(argsOf));
    return Array.from(answers, (answer) => answer === '1');
  }
}

const isPlain = ({ fate, text }: RowNote): boolean => fate === 'completed' && text === '';

function argsOf({ job: { jobId, batch, lease }, notes }: Ends): (string | number)[] {
  const others = notes.filter((note) => !isPlain(note));
  const plain = others.length === 0 ? notes : notes.filter(isPlain);
  const rows = plain.map(({ row }) => row).join(' ');
  return [jobId, lease.token, batch, rows, others.length, ...others.flatMap(rowNoteArgs)];
}
