import { hasCode, type JobDefinition, LeaseLost, type Logger, type Redis, readBullpenOpts } from '@bullpen/shared';
import { type Job, Worker } from 'bullmq';
import type { ActiveAttempt, ActiveAttempts } from './active-attempts.js';
import { attempt } from './attempt.js';
import { AttemptContext } from './attempt-context.js';
import { AttemptStop } from './attempt-stop.js';
import type { Books } from './books.js';
import type { Cancellations } from './cancellations.js';
import type { Handler } from './handler.js';
import { logOutcome } from './log-outcome.js';
import { handBack, settle } from './settle.js';

/** What the workers of all queues of one process share. */
export interface Shared {
  readonly prefix: string;
  readonly redis: Redis;
  readonly books: Books;
  readonly active: ActiveAttempts;
  readonly cancellations: Cancellations;
  readonly log: Logger;
  readonly keepCompleted: { readonly count: number; readonly age: number };
}

/** A lease lasts this long and is renewed twice in it; see "Numbers we chose" in ARCHITECTURE.md. */
const LOCK_MS = 10_000;
const STALL_CHECK_MS = 5_000;
/** How often a job may take its process down before it has failed. */
const MAX_CRASHES = 3;

/**
 * Where the job object of an attempt keeps that attempt. Not by the job's id, which may have two attempts here for a moment; not in a WeakMap, which
 * costs the garbage collector more than everything else we do for a job.
 */
const ATTEMPT = Symbol('attempt');
type Attempted = Job & { [ATTEMPT]?: ActiveAttempt };

/** One queue's BullMQ Worker: fetches, attempts, settles. */
export class QueueWorker {
  readonly queue: string;
  readonly #engine: Engine;
  readonly #shared: Shared;
  readonly #handlers: ReadonlyMap<string, Handler>;

  constructor(queue: string, handlers: ReadonlyMap<string, Handler>, concurrency: number, shared: Shared) {
    this.queue = queue;
    this.#handlers = handlers;
    this.#shared = shared;
    // BullMQ hands over its AbortSignal to a function of three parameters; ours come from AttemptStop, and not asking saves one per job.
    this.#engine = new Engine(queue, (job: Job, token?: string) => this.#process(job, token ?? ''), {
      connection: shared.redis,
      prefix: shared.prefix,
      concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALL_CHECK_MS,
      maxStalledCount: MAX_CRASHES,
      runRetryDelay: 500,
      autorun: false,
      removeOnComplete: shared.keepCompleted,
    });
    this.#engine.onProcessed = (job) => this.#processed(job);
    this.#engine.on('completed', (job) => this.#confirm(job));
    this.#engine.on('failed', (job) => this.#failed(job));
    this.#engine.on('lockRenewalFailed', (jobIds) => {
      for (const id of jobIds) this.#leaseLost(id);
    });
    this.#engine.on('error', (error) => {
      // While Redis is away every loop of BullMQ says so, and the connection's own log line says it once. Of a lost lease we have told, with the job.
      if (shared.redis.status !== 'ready' || LOST_LEASE.test(error.message)) return;
      shared.log.error({ queue, err: error }, 'queue reported an error');
    });
  }

  /** Starts fetching; resolves when the worker is connected. */
  async run(): Promise<void> {
    this.#engine
      .run()
      .catch((error: unknown) => this.#shared.log.error({ queue: this.queue, err: error }, 'queue stopped'));
    await this.#engine.waitUntilReady();
  }

  /** Stops the intake and resolves when the last attempt is settled. Has no limit of its own; see drain. */
  close(): Promise<void> {
    return this.#engine.close();
  }

  async #process(job: Job, token: string): Promise<unknown> {
    const { active, books, cancellations, log } = this.#shared;
    const { queue } = this;
    const id = job.id as string;
    if (active.draining) {
      return handBack({ queue, job, token, books, confirm: () => active.countNotStarted() });
    }
    const stop = new AttemptStop();
    const entry = active.begin(queue, id, stop);
    (job as Attempted)[ATTEMPT] = entry;
    cancellations.check(queue, id, stop);

    const bullpen = readBullpenOpts(job.opts);
    const handler = this.#handlers.get(job.name);
    applyPolicy(job, handler?.job);
    const startedAt = Date.now();
    const outcome = await attempt({
      handler,
      jobName: job.name,
      payload: job.data,
      expiresAt: bullpen.expiresAt,
      startedAt,
      context: (deadline) => new AttemptContext(job, entry, deadline, log),
      stop,
      onStuck: () =>
        log.error({ job: job.name, jobId: id, queue }, 'attempt is stuck: past its deadline and still running'),
    });
    entry.outcome = outcome.kind;
    logOutcome(log, outcome, job, startedAt);
    const confirm = (): void => {
      entry.confirmed = true;
    };
    const cancelAsked = hasCode(stop.reason, 'BULLPEN_JOB_CANCELLED');
    return settle(outcome, { queue, job, token, bullpen, books, cancelAsked, backoff: handler?.job.backoff, confirm });
  }

  #confirm(job: Job): void {
    const entry = (job as Attempted)[ATTEMPT];
    if (entry !== undefined) entry.confirmed = true;
  }

  #failed(job: Job | undefined): void {
    if (job === undefined) return;
    if ((job as Attempted)[ATTEMPT] !== undefined) {
      this.#confirm(job);
      return;
    }
    // BullMQ failed it without asking a handler: its processes died under it too often.
    const { books, log } = this.#shared;
    books.noteRow(this.queue, readBullpenOpts(job.opts), 'failed');
    log.error({ job: job.name, jobId: job.id, queue: this.queue, reason: job.failedReason }, 'job crashed too often');
  }

  /** Another worker may have the job by now: end the attempt here at once, whatever its handler does, and tell Redis nothing. */
  #leaseLost(jobId: string): void {
    const entry = this.#shared.active.find(this.queue, jobId);
    if (entry === undefined) return;
    this.#shared.log.error({ jobId, queue: this.queue }, 'lease lost; another worker may attempt the job');
    entry.stop.abandon(new LeaseLost());
  }

  #processed(job: Job): void {
    const entry = (job as Attempted)[ATTEMPT];
    if (entry !== undefined) this.#shared.active.finish(entry);
  }
}

/** How BullMQ words a lost lease, which has no code: nothing is decided by it, only a second log line spared. */
const LOST_LEASE = /^could not renew lock|^(Missing lock|Lock mismatch) for job/;

/** A job enqueued by some other client may carry no policy; then the definition's holds. */
function applyPolicy(job: Job, definition: JobDefinition | undefined): void {
  if (definition !== undefined && (job.opts.attempts ?? 0) < 1) job.opts.attempts = definition.maxAttempts;
}

/** BullMQ's Worker, with a word when it is through with a job: recorded, or given up. Its events tell only of the former. */
class Engine extends Worker {
  onProcessed: ((job: Job) => void) | undefined;

  override async processJob(...[job, token, fetchNext]: Parameters<Worker['processJob']>) {
    try {
      return await super.processJob(job, token, fetchNext);
    } finally {
      this.onProcessed?.(job);
    }
  }
}
