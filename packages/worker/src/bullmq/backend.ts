import type { Due } from '@bullpen/shared';
import { lockKey, type RedisClock } from '@bullpen/shared/internal';
import {
  defaultRepeatStrategy,
  type FinishedStatus,
  type JobsOptions,
  type KeepJobs,
  type MinimalJob,
  type QueueBaseOptions,
  QueueKeys,
  type RedisConnection,
  RedisQueueBackend,
  type RepeatOptions,
  raw2NextJobData,
} from 'bullmq';
import type { Leases } from '../in-flight/leases.js';
import type { QueueSettings } from '../in-flight/queue-settings.js';
import type { FailedEnding, QueueStore, RecordOptions } from '../in-flight/queue-store.js';
import { notOurs } from '../in-flight/recorder.js';
import type { Retention } from '../in-flight/retention.js';
import type { StallCheck } from '../in-flight/stall-check.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { handBack } from '../redis/hand-back.js';
import type { Outage } from '../redis/outage.js';
import type { SideConnections } from '../redis/side-connections.js';
import { BlockingConnection } from './blocking-connection.js';
import type { BullmqJob } from './bullmq-job.js';
import type { CompletionCalls } from './completion-calls.js';
import { connect, connectionName } from './connections.js';
import { engineCommand } from './engine-scripts.js';
import { failureOf } from './failure.js';
import { addNotes, isPlainRow, type RowNotes } from './finish-notes.js';
import { FAILED_REMOVED } from './finish-script.js';
import { OwnFields } from './own-fields.js';

/**
 * BullMQ's answer to a fetch: the fields and the id of a job, or how long to wait when there is
 * none.
 */
export type NextJob = ReturnType<typeof raw2NextJobData>;

/** The options of BullMQ's worker that its backend reads. */
type BackendOptions = QueueBaseOptions & { readonly name?: string; readonly prefix?: string };

/** What a {@link Backend} needs beside BullMQ's options. */
export interface BackendDeps {
  readonly redis: ScriptedRedis;
  readonly clock: Pick<RedisClock, 'at' | 'sync' | 'toHost'>;
  readonly completionCalls: Pick<CompletionCalls, 'add'>;
  readonly leases: Pick<Leases, 'renewQueue'>;
  readonly settings: Pick<QueueSettings, 'refresh'>;
  readonly retention: Pick<Retention, 'keep' | 'failedRemoved'>;
  readonly outage: Outage;
  readonly stallCheck: Pick<StallCheck, 'check'>;
  readonly connections: SideConnections;
}

/**
 * After an outage that was longer than a lease, the jobs of living workers have no locks either.
 * Workers take their leases up again as soon as they notice, and they look every 2 s. Until then a
 * job without a lock does not mean that its worker died.
 */
const COMEBACK_MS = 3_000;
/**
 * The longest blocking read, in seconds; an idle worker fetches again when it ends. It must be
 * shorter than the time that a connection may leave a command unanswered.
 */
export const MAX_BLOCK_S = 3;
/**
 * The shortest snooze. BullMQ makes one more trip to Redis after it, and the job must not be back
 * by then.
 */
const MIN_SNOOZE_MS = 250;

/**
 * How long a suspect is put off at most. It is called as soon as a worker has no suspect, so this is
 * for queues that no worker of ours serves any more.
 */
const PUT_OFF_MS = 60_000;

/**
 * BullMQ's backend. It differs in two ways: it records an end and Bullpen's notes in one call, and
 * after an outage living workers take up their leases before it looks for the jobs of dead ones.
 *
 * It records a success in one of two ways. *Inline* sends BullMQ's script and our notes in a call
 * of its own. That script knows flows, schedulers, deduplication, limits and retention. *Coalesced*
 * sends several successes in one call (`completion-calls.ts`), for rows of batches that need none
 * of these: it takes a third of Redis' time. A row that is sent again goes inline. Redis may refuse
 * it again, and must not refuse others with it.
 */
export class Backend extends RedisQueueBackend implements QueueStore<BullmqJob, NextJob> {
  readonly #blocking: Pick<BlockingConnection, 'ready' | 'wait' | 'close'>;
  readonly #deps: BackendDeps;
  /** The fields of fetched jobs that BullMQ drops. */
  readonly ownFields = new OwnFields();

  /**
   * Opens the backend for one queue of a worker: on the worker's connection, and on a second one
   * for blocking reads.
   */
  static open(name: string, opts: BackendOptions, deps: BackendDeps): Backend {
    const { redis, connections } = deps;
    const blocking = new BlockingConnection(redis, name, connectionName(name, opts), connections);
    return new Backend(connect(redis), blocking, name, opts, deps);
  }

  constructor(
    main: RedisConnection,
    blocking: Pick<BlockingConnection, 'ready' | 'wait' | 'close'>,
    name: string,
    opts: BackendOptions,
    deps: BackendDeps,
  ) {
    const keys = new QueueKeys(opts.prefix);
    super(main, name, keys.getKeys(name), (type) => keys.toKey(name, type), opts);
    this.#blocking = blocking;
    this.#deps = deps;
  }

  override async waitUntilReady(): Promise<void> {
    await super.waitUntilReady();
    await this.#blocking.ready;
  }

  /** The score says when the first delayed job is due. BullMQ compares it with the host's clock. */
  override async waitForJob(seconds: number): Promise<{ member: string; score: number } | null> {
    const marker = await this.#blocking.wait(this.toKey('marker'), seconds);
    return marker === null ? null : { ...marker, score: this.hostInstant(marker.score) };
  }

  /** BullMQ's worker ends a wait by this when it closes. It is not paused, so it needs no other. */
  override async disconnectBlocking(): Promise<void> {
    this.#blocking.close();
  }

  override close(force?: boolean): Promise<void> {
    this.#blocking.close();
    return super.close(force);
  }

  override get maximumBlockTimeout(): number {
    return MAX_BLOCK_S;
  }

  /** BullMQ's scripts with our headers, and with Redis' time. */
  override async execCommand(
    client: Parameters<RedisQueueBackend['execCommand']>[0],
    name: string,
    args: unknown[],
  ): Promise<Awaited<ReturnType<RedisQueueBackend['execCommand']>>> {
    const command = engineCommand(name);
    if (command === undefined) return super.execCommand(client, name, args);
    const answer: unknown = await client.runCommand(command, args);
    this.ownFields.note(answer);
    return answer;
  }

  fetch(token: string): Promise<NextJob> {
    return this.moveToActive(token, (this.queue.opts as BackendOptions).name);
  }

  /**
   * Does what BullMQ's `job.moveToCompleted` does, with one promise instead of a dozen. This runs
   * for every job. Before Node 24, while async contexts are tracked, each promise costs as much as
   * the rest of the work.
   */
  async complete(job: BullmqJob, result: unknown, options: RecordOptions): Promise<NextJob | undefined> {
    if (this.closing) return undefined;
    // BullMQ keeps nothing on the job for a falsy value, so neither do we.
    job.returnvalue = result || undefined;
    const text = JSON.stringify(result) ?? 'null';
    const notes = job.attempt?.notes;
    const reply =
      options.isAgain || !isPlainRow(job, notes)
        ? await this.#completeInline(job, text, options.fetchNext)
        : await this.#completeCoalesced(job, text, options.fetchNext, notes);
    job.attemptsMade += 1;
    return reply === undefined ? undefined : raw2NextJobData(reply as Parameters<typeof raw2NextJobData>[0]);
  }

  async fail(job: BullmqJob, ending: FailedEnding, fetchNext: boolean): Promise<NextJob | undefined> {
    const { retryInMs } = ending;
    if (this.closing) return undefined;
    job.opts.attempts = job.attempt?.maxAttempts ?? 1;
    // Our backoff has a maximum, and BullMQ's has not. So BullMQ gets the computed wait, for this
    // retry only.
    if (retryInMs !== undefined) job.opts.backoff = { type: 'fixed', delay: retryInMs };
    const traces = [...(job.stacktrace ?? [])];
    try {
      const next: unknown = await job.moveToFailed(failureOf(ending), job.token ?? '', fetchNext);
      return Array.isArray(next) ? (next as NextJob) : undefined;
    } catch (error) {
      // BullMQ adds the stack trace at each call, and there will be another call.
      job.stacktrace = traces;
      throw error;
    }
  }

  async handBack(job: BullmqJob): Promise<void> {
    const { id = '', attempt } = job;
    const { prefix = '', name = '' } = this.queue.opts as BackendOptions;
    const fetching = { redis: this.#deps.redis, prefix, queue: this.name, name };
    const [handedBack] = await handBack(fetching, [{ jobId: id, mark: attempt?.lease.mark ?? '', nth: attempt?.nth }]);
    if (handedBack === undefined) throw notOurs();
  }

  async putOff({ id = '', token = '' }: BullmqJob): Promise<void> {
    const { redis } = this.#deps;
    const job = this.toKey(id);
    const keys = ['active', 'stalled', 'delayed', 'suspects', 'meta', 'events', 'marker'].map((key) => this.toKey(key));
    const isOurs = await redis.bullpenPutOff(lockKey(job), job, ...keys, token, id, PUT_OFF_MS);
    if (isOurs === 0) throw notOurs();
  }

  async snooze({ id = '', token = '' }: BullmqJob, due: Due): Promise<void> {
    const { clock } = this.#deps;
    // A written instant is an instant of Redis' clock as it goes now: it may have been set.
    if ('at' in due) await clock.sync().catch(() => undefined);
    const waitMs = 'at' in due ? due.at - clock.at() : due.inMs;
    // Our script puts Redis' time in place of the second argument.
    await this.moveToDelayed(id, 0, Math.max(waitMs, MIN_SNOOZE_MS), token, { skipAttempt: true });
  }

  /** An instant of Redis' clock by the clock of this host; 0 stays 0, which means now. */
  hostInstant(at: number): number {
    return at > 0 ? this.#deps.clock.toHost(at) : at;
  }

  /**
   * BullMQ computes the next run of a cron pattern by the clock of the host: one that is ten minutes
   * ahead would leave out all runs of ten minutes. The next run of an interval is computed by the
   * script, which has Redis' time.
   * @param producerId the id of the job that runs now; it ends with the instant of its run
   */
  override updateJobSchedulerNextMillis(
    schedulerId: string,
    nextAt: number,
    data: string,
    opts: JobsOptions & { readonly repeat?: RepeatOptions },
    producerId = '',
  ): Promise<string | null> {
    const runAt = Number(producerId.slice(producerId.lastIndexOf(':') + 1)) || 0;
    const { repeat } = opts;
    const cronAt = repeat?.pattern && defaultRepeatStrategy(Math.max(runAt, this.#deps.clock.at()), repeat);
    if (!cronAt) return super.updateJobSchedulerNextMillis(schedulerId, nextAt, data, opts, producerId);
    const next = { ...opts, prevMillis: cronAt };
    return super.updateJobSchedulerNextMillis(schedulerId, cronAt, data, next, producerId);
  }

  override async moveStalledJobsToWait(): Promise<string[]> {
    const { outage, leases, settings, stallCheck } = this.#deps;
    // Not awaited: the check must not wait for it.
    void settings.refresh(this.name);
    if (outage.endedAgoMs < COMEBACK_MS) return [];
    leases.renewQueue(this.name);
    return stallCheck.check(this.name);
  }

  /** BullMQ's arguments, followed by Bullpen's notes. */
  protected override moveToFinishedArgs<Data = unknown, Result = unknown, Name extends string = string>(
    job: MinimalJob<Data, Result, Name>,
    value: unknown,
    field: 'returnvalue' | 'failedReason',
    remove: undefined | boolean | number | KeepJobs,
    target: FinishedStatus,
    token: string,
    timestamp: number,
    fetchNext?: boolean,
    fieldsToUpdate?: Record<string, unknown>,
  ): (string | number | boolean | Buffer)[] {
    const notes = (job as unknown as BullmqJob).attempt?.notes;
    // The books keep what became of a row: its job is removed. Another client may have said for its
    // own job what is to be kept.
    const keep = notes?.batch === undefined ? (remove ?? this.#deps.retention.keep(this.name, target)) : true;
    const args = super.moveToFinishedArgs(
      ...([job, value, field, keep, target, token, timestamp, fetchNext, fieldsToUpdate] as const),
    );
    if (notes !== undefined) addNotes(args, notes);
    return args;
  }

  override async moveToFinished(jobId: string, args: (string | number | boolean | Buffer)[]): Promise<NextJob> {
    return raw2NextJobData((await this.#finish(jobId, args)) as Parameters<typeof raw2NextJobData>[0]);
  }

  /** Its answer also says when there is no next job, and for how long. */
  #completeInline(job: BullmqJob, text: string, fetchNext: boolean): Promise<unknown> {
    const { id = '', token = '', opts } = job;
    return this.#finish(id, this.moveToCompletedArgs(job, text, opts.removeOnComplete as KeepJobs, token, fetchNext));
  }

  /** Its answer is the next job, or `undefined` when it is not known whether there is one. */
  async #completeCoalesced(job: BullmqJob, result: string, isNextWanted: boolean, { batch, row }: RowNotes) {
    const { id = '', token = '' } = job;
    const completion = { jobId: id, token, isNextWanted, result, batch, note: row };
    const [answer, next] = await this.#deps.completionCalls.add(completion);
    if (answer < 0) throw this.#refusal(answer, id);
    if (answer > 0) return this.#completeInline(job, result, isNextWanted);
    this.ownFields.note(next);
    return next === null ? undefined : [...next, 0, 0];
  }

  async #finish(jobId: string, args: unknown[]): Promise<unknown> {
    const { redis, retention } = this.#deps;
    let reply = await redis.bullpenFinish(args);
    if (Array.isArray(reply) && reply[0] === FAILED_REMOVED) {
      retention.failedRemoved(this.name, reply[1] as number);
      reply = reply[2];
    }
    this.ownFields.note(reply);
    if (typeof reply === 'number' && reply < 0) throw this.#refusal(reply, jobId);
    return reply;
  }

  #refusal(code: number, jobId: string): Error {
    return this.finishedErrors({ code, jobId, command: 'moveToFinished', state: 'active' });
  }
}
