import { describeThrown, lacksPermission, WAKE_MARKER } from '@bullpen/shared/internal';
import { type Job, type JobJson, UnrecoverableError, Worker, type WorkerOptions } from 'bullmq';
import type { ActiveAttempt, Ending } from '../in-flight/active-attempt.js';
import type { JobSource, JobTaker } from '../in-flight/job-source.js';
import type { RecordOptions } from '../in-flight/queue-store.js';
import type { Recorder } from '../in-flight/recorder.js';
import { pause } from '../redis/pause.js';
import { Backend, type BackendDeps, MAX_BLOCK_S, type NextJob } from './backend.js';
import { BullmqJob, toFetchedJob } from './bullmq-job.js';
import type { MalformedJobs } from './malformed-jobs.js';
import { nextToken } from './next-token.js';
import { privatesOf } from './private-parts.js';
import { fetchesNext, recordEnding } from './record-ending.js';

/** What a {@link BullmqWorker} needs beside BullMQ's options. */
export interface BullmqWorkerDeps extends BackendDeps {
  readonly taker: JobTaker;
  readonly recorder: Recorder;
  readonly malformedJobs: Pick<MalformedJobs, 'makeParsable'>;
}

/** How long the loop waits after a failed fetch. BullMQ would fetch again at once, without end. */
const FAILED_FETCH_PAUSE_MS = 500;
/** How often a held fetch looks whether it may go on. */
const HELD_PAUSE_MS = 50;
/** BullMQ's types do not say that there may be no job. */
const NO_JOB = undefined as unknown as Job;
/** How BullMQ's error begins when it could not enqueue the next run of a job scheduler. */
const SCHEDULING = 'Failed to add repeatable job for next iteration: ';

/**
 * BullMQ's main loop, for a worker of ours. It differs from BullMQ's in six ways:
 * - An attempt begins when its job is fetched, and the taker hears when it is over.
 * - The end of an attempt is a value. It is recorded through an outage and does not become a
 *   failure.
 * - A job that BullMQ cannot parse is attempted like any other.
 * - After a fetch that was refused the loop waits.
 * - While a job is attempted alone, or a permission is missing, nothing is fetched.
 * - A loop that closes does not wait for a rate limit.
 */
export class BullmqWorker extends Worker<unknown, unknown, string, Backend> implements JobSource {
  readonly #deps: BullmqWorkerDeps;
  /**
   * Why BullMQ could not enqueue the next run of a job scheduler. BullMQ only emits it as an error.
   */
  #schedulingFault: Error | undefined;
  /** How many fetches of their own it has sent; makes their tokens. */
  #fetches = 0;
  /** How many jobs were fetched and wait for `processJob`. */
  #waitingCount = 0;

  constructor(queue: string, options: WorkerOptions, deps: BullmqWorkerDeps) {
    super(
      queue,
      // Never called, because `processJob` is ours. BullMQ starts no worker without it.
      async () => undefined,
      { ...options, autorun: false, drainDelay: MAX_BLOCK_S, skipLockRenewal: true },
      (name, opts) => Backend.open(name, opts, deps),
    );
    this.#deps = deps;
    this.on('error', ({ message }) => {
      if (message.startsWith(SCHEDULING)) this.#schedulingFault = new Error(message.slice(SCHEDULING.length));
    });
  }

  protected override get Job(): typeof Job {
    return BullmqJob;
  }

  protected override createJob(fields: JobJson, jobId: string): BullmqJob {
    const own = this.backend.ownFields.take(jobId);
    return Object.assign(super.createJob(fields, jobId) as BullmqJob, { stored: fields.data, own });
  }

  async isLimited(): Promise<boolean> {
    return (await this.backend.getRateLimitTtl()) > 0 || (await this.backend.isMaxed());
  }

  override close(force?: boolean): Promise<void> {
    // The last record may have said that the queue is limited. BullMQ's loop would then wait for up
    // to 30 s before it ends.
    if (this.closing === undefined) privatesOf(this).updateDelays();
    return super.close(force);
  }

  /**
   * Attempts a job, records the end and releases it.
   * @returns the next job, if one was fetched
   */
  override async processJob(job: Job, _: string, fetchNext: () => boolean = () => true): Promise<Job | undefined> {
    const { taker } = this.#deps;
    const { attempt } = job as BullmqJob;
    this.#waitingCount -= 1;
    if (attempt === undefined) throw new Error(`job ${job.id} was not taken`);
    try {
      let ending: Ending | undefined;
      try {
        const isDecided = job.deferredFailure !== undefined && !attempt.cancelled;
        ending = isDecided ? endWithDeferredFailure(job, attempt) : await taker.attempt(attempt);
      } catch (error) {
        ending = attempt.endBroken(describeThrown(error));
      }
      if (ending === undefined) return await this.#fetchAnother(fetchNext);
      return await this.#record(job as BullmqJob, attempt, ending, fetchNext);
    } catch (error) {
      // It must not fly on: BullMQ's loop waits for ever when the promise of its last job rejects.
      this.emit('error', error as Error);
      return undefined;
    } finally {
      taker.release(attempt);
      (job as BullmqJob).attempt = undefined;
    }
  }

  /** Fetches a job. BullMQ's token is not used: it sends the same one again after an error. */
  protected override async moveToActive(): Promise<Job> {
    const { taker, outage } = this.#deps;
    if (taker.isHeld && !(await this.#mayFetch())) return NO_JOB;
    this.#fetches += 1;
    const token = `${this.id}:${this.#fetches}.0`;
    let job: BullmqJob | undefined;
    try {
      if (this.backend.waitedInVain && (await this.backend.isEmpty())) {
        taker.fetchAnswered();
        return NO_JOB;
      }
      job = await this.#next(await this.backend.fetch(token), token);
    } catch (error) {
      job = await this.#findMalformed(token, error).catch(async () => {
        outage.noteIfOutage(error);
        await pause(FAILED_FETCH_PAUSE_MS);
        throw error;
      });
    }
    outage.accepted();
    taker.fetchAnswered();
    return this.#take(job) ?? NO_JOB;
  }

  protected override async nextJobFromJobData(fields?: JobJson, jobId?: string, token?: string): Promise<Job> {
    // Not a job of a scheduler: there is no next run to enqueue.
    if (fields && fields.repeatJobKey === undefined) {
      privatesOf(this).drained = false;
      return Object.assign(this.createJob(fields, jobId ?? ''), { token: token ?? '' });
    }
    for (;;) {
      this.#schedulingFault = undefined;
      const job = await super.nextJobFromJobData(fields, jobId, token);
      if (job !== undefined || !fields) return job;
      // BullMQ could not enqueue the next run of a job scheduler. It emitted an error and dropped
      // this job, which is active. If Redis is only away for now, we try again. Otherwise the
      // schedule would end here.
      if (this.closing === undefined && this.#deps.outage.noteIfOutage(this.#schedulingFault))
        await pause(FAILED_FETCH_PAUSE_MS);
      else return Object.assign(this.createJob(fields, jobId ?? ''), { token: token ?? '' });
    }
  }

  async #record(
    job: BullmqJob,
    attempt: ActiveAttempt,
    ending: Ending,
    fetchNext: () => boolean,
  ): Promise<Job | undefined> {
    const { recorder, outage } = this.#deps;
    const token = nextToken(job.token ?? '');
    const options = (isAgain: boolean): RecordOptions => ({ fetchNext: this.#wantsNext(fetchNext), isAgain });
    if (!fetchesNext(ending)) {
      await recorder.record(attempt, () => recordEnding(this.backend, job, ending, options(false)));
      return this.#fetchAnother(fetchNext);
    }
    if (outage.lacksPermission) await recorder.allowed();
    try {
      const next = await this.#next(await recordEnding(this.backend, job, ending, options(false)), token);
      attempt.confirm();
      outage.accepted();
      return this.#takeNext(next);
    } catch (error) {
      const write = async (end: Ending): Promise<BullmqJob | undefined> =>
        this.#next(await recordEnding(this.backend, job, end, options(true)), token);
      return this.#takeNext(await this.#recordAgain(attempt, token, error, ending, write));
    }
  }

  /** Records an end again, after the first call failed with `error`. */
  #recordAgain(
    attempt: ActiveAttempt,
    token: string,
    error: unknown,
    ending: Ending,
    write: (ending: Ending) => Promise<BullmqJob | undefined>,
  ): Promise<BullmqJob | undefined> {
    const parseable = (writing: Promise<BullmqJob | undefined>) =>
      writing.catch((thrown: unknown) => this.#findMalformed(token, thrown));
    // A missing permission is noted now: when the recorder sends again, it may be there again.
    let isFirst = !(lacksPermission(error) && this.#deps.outage.noteIfOutage(error));
    const again = (): Promise<BullmqJob | undefined> => {
      const writing = isFirst ? Promise.reject(error) : write(ending);
      isFirst = false;
      return parseable(writing);
    };
    if (ending.outcome.kind !== 'completed') return this.#deps.recorder.record(attempt, again);
    // Redis will never record some successes: children of a flow are still pending, or the result
    // cannot be stored. Such a job must not be attempted again and again, so it has failed and says
    // why.
    return this.#deps.recorder.record(attempt, again, (refusal) => {
      const failure = new UnrecoverableError(`the handler succeeded, but Redis refused to record it: ${refusal}`);
      return parseable(write(attempt.failForGood(describeThrown(failure))));
    });
  }

  /**
   * Waits while no job may be fetched. Jobs that were fetched before must not wait with us: BullMQ
   * begins them when this fetch is over, and they are then handed back. The job that woke us is for
   * another worker.
   */
  async #mayFetch(): Promise<boolean> {
    const { taker, redis } = this.#deps;
    redis.zadd(this.backend.toKey('marker'), ...WAKE_MARKER).catch(() => undefined);
    while (taker.isHeld) {
      if (this.closing !== undefined || this.#waitingCount > 0) return false;
      await pause(HELD_PAUSE_MS);
    }
    return true;
  }

  #wantsNext(fetchNext: () => boolean): boolean {
    return fetchNext() && !(this.closing || this.paused || this.#deps.taker.isHeld);
  }

  /** Fetches a job for a slot whose last job was not recorded together with a fetch. */
  async #fetchAnother(fetchNext: () => boolean): Promise<Job | undefined> {
    if (!this.#wantsNext(fetchNext)) return undefined;
    try {
      return await this.moveToActive();
    } catch (error) {
      if (this.closing === undefined) this.emit('error', error as Error);
      return undefined;
    }
  }

  /** The next job in an answer of the store. Makes no promise when there is nothing to wait for. */
  #next(answer: NextJob | undefined, token: string): Promise<BullmqJob | undefined> | undefined {
    if (!Array.isArray(answer)) return undefined;
    const [fields, jobId, limitMs, dueAt] = answer as [JobJson | undefined, string, number, number];
    privatesOf(this).updateDelays(this.closing === undefined ? limitMs : 0, this.backend.hostInstant(dueAt));
    return this.nextJobFromJobData(fields, jobId, token) as Promise<BullmqJob | undefined>;
  }

  #takeNext(job: BullmqJob | undefined): BullmqJob | undefined {
    if (job !== undefined) this.#deps.taker.fetchAnswered();
    return this.#take(job);
  }

  #take(job: BullmqJob | undefined): BullmqJob | undefined {
    if (job === undefined) return undefined;
    this.#waitingCount += 1;
    job.attempt = this.#deps.taker.take(toFetchedJob(job));
    return job;
  }

  /**
   * The job of an answer that BullMQ could not parse. BullMQ's error does not say whether Redis
   * carried the command out. Redis did if we have a job under this token.
   * @throws error when there is no such job
   */
  async #findMalformed(token: string, error: unknown): Promise<BullmqJob> {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    const jobId = await this.#deps.malformedJobs.makeParsable(token);
    const fields = jobId === undefined ? undefined : await this.backend.getJobData(jobId);
    if (jobId === undefined || fields === undefined) throw error;
    return Object.assign(this.createJob(fields, jobId), { token });
  }
}

/**
 * BullMQ has already decided that the job fails, as for the parent of a failed child. It is not
 * attempted.
 */
function endWithDeferredFailure({ deferredFailure = '' }: Job, attempt: ActiveAttempt): Ending {
  return attempt.failForGood(describeThrown(new UnrecoverableError(deferredFailure)));
}
