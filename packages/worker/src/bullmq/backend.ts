import type { Due } from '@bullpen/shared';
import { Coalescer, lockKey, type RedisClock } from '@bullpen/shared/internal';
import type {
  FinishedStatus,
  JobsOptions,
  KeepJobs,
  MinimalJob,
  QueueBaseOptions,
  RedisConnection,
  RedisQueueBackend,
  RepeatOptions,
} from 'bullmq';
import type { Leases } from '../in-flight/leases.js';
import type { QueueSettings } from '../in-flight/queue-settings.js';
import type { FailedEnding, QueueStore } from '../in-flight/queue-store.js';
import { notOurs } from '../in-flight/recorder.js';
import type { Retention } from '../in-flight/retention.js';
import type { StallCheck } from '../in-flight/stall-check.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { type Fetch, handBack } from '../redis/hand-back.js';
import { untilNextLook } from '../redis/look-timer.js';
import type { Outage } from '../redis/outage.js';
import { pause } from '../redis/pause.js';
import type { SideConnections } from '../redis/side-connections.js';
import { BlockingConnection } from './blocking-connection.js';
import type { BullmqJob } from './bullmq-job.js';
import { connect, connectionName } from './connections.js';
import { bullmq } from './engine.js';
import { engineCommand } from './engine-scripts.js';
import { failureOf } from './failure.js';
import { addNotes } from './finish-notes.js';
import { FAILED_REMOVED } from './finish-script.js';
import type { HeldJob } from './held-job.js';

/** The options of BullMQ's worker that its backend reads. */
type BackendOptions = QueueBaseOptions & { readonly name?: string; readonly prefix?: string };

/** What a {@link Backend} needs beside BullMQ's options. */
export interface BackendDeps {
  readonly redis: ScriptedRedis;
  readonly clock: Pick<RedisClock, 'at' | 'sync'>;
  readonly leases: Pick<Leases, 'renewQueue'>;
  readonly settings: Pick<QueueSettings, 'refresh'>;
  readonly retention: Pick<Retention, 'keep' | 'failedRemoved'>;
  readonly outage: Outage;
  readonly stallCheck: Pick<StallCheck, 'check' | 'restMs'>;
  readonly connections: SideConnections;
}

/**
 * After an outage that was longer than a lease, the jobs of living workers have no locks either.
 * Workers take their leases up again as soon as they notice, and they look every 2 s. Until then a
 * job without a lock does not mean that its worker died.
 */
const COMEBACK_MS = 3_000;
/** The shortest one. Redis takes less than a millisecond for no limit at all. */
const MIN_BLOCK_S = 0.01;
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

/** The most jobs that one call hands back, so that Redis is not held up. */
const MAX_HANDED_BACK = 500;

/**
 * BullMQ's backend. It records the end of one job and Bullpen's notes about it in one call, by
 * BullMQ's script: that script knows flows, schedulers, deduplication and retention. And after an
 * outage living workers take up their leases before it looks for the jobs of dead ones.
 */
export class Backend extends bullmq.RedisQueueBackend implements QueueStore<HeldJob> {
  readonly #blocking: Pick<BlockingConnection, 'ready' | 'wait' | 'close'>;
  readonly #deps: BackendDeps;
  /** Jobs that go back in one turn of the event loop go in one call, which keeps their order. */
  readonly #returns: Coalescer<Fetch, boolean>;

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
    const keys = new bullmq.QueueKeys(opts.prefix);
    super(main, name, keys.getKeys(name), (type) => keys.toKey(name, type), opts);
    this.#blocking = blocking;
    this.#deps = deps;
    const fetching = { redis: deps.redis, prefix: opts.prefix ?? '', queue: name, name: opts.name ?? '' };
    this.#returns = new Coalescer(MAX_HANDED_BACK, async (fetches) => {
      const handedBack = new Set(await handBack(fetching, fetches));
      return fetches.map(({ jobId }) => handedBack.has(jobId));
    });
  }

  override async waitUntilReady(): Promise<void> {
    await super.waitUntilReady();
    await this.#blocking.ready;
  }

  /**
   * The score says when the first delayed job is due, by Redis' clock; 0 means that one waits. Answers
   * `null` when the process looks, if not before.
   */
  override waitForJob(seconds: number): Promise<{ member: string; score: number } | null> {
    const untilLook = Math.max(untilNextLook() / 1_000, MIN_BLOCK_S);
    return this.#blocking.wait(this.toKey('marker'), Math.min(seconds, untilLook));
  }

  /**
   * Whether a fetch would find no job. An idle worker asks this after each wait, with one command; a
   * fetch that finds nothing is several.
   * @throws what Redis throws
   */
  async isEmpty(): Promise<boolean> {
    const { redis, outage } = this.#deps;
    // During an outage only a fetch can tell that Redis takes our scripts again.
    if (outage.present) return false;
    return (await redis.exists(...['wait', 'prioritized', 'delayed'].map((list) => this.toKey(list)))) === 0;
  }

  /** BullMQ's worker ends a wait by this when it closes. It is not paused, so it needs no other. */
  override async disconnectBlocking(): Promise<void> {
    this.#blocking.close();
  }

  override close(force?: boolean): Promise<void> {
    this.#blocking.close();
    return super.close(force);
  }

  /** BullMQ's scripts with our headers, and with Redis' time. */
  override async execCommand(
    client: Parameters<RedisQueueBackend['execCommand']>[0],
    name: string,
    args: unknown[],
  ): Promise<Awaited<ReturnType<RedisQueueBackend['execCommand']>>> {
    const command = engineCommand(name);
    if (command === undefined) return super.execCommand(client, name, args);
    return client.runCommand(command, args) as unknown;
  }

  async complete(held: HeldJob, result: unknown): Promise<void> {
    if (this.closing) return;
    const job = held.bullmqJob();
    // BullMQ keeps nothing on the job for a falsy value, so neither do we.
    job.returnvalue = result || undefined;
    const { id = '', token = '', opts } = job;
    const text = JSON.stringify(result) ?? 'null';
    await this.moveToFinished(id, this.moveToCompletedArgs(job, text, opts.removeOnComplete as KeepJobs, token, false));
    job.attemptsMade += 1;
  }

  async fail(held: HeldJob, ending: FailedEnding): Promise<void> {
    const { retryInMs } = ending;
    if (this.closing) return;
    const job = held.bullmqJob();
    job.opts.attempts = held.attempt.maxAttempts;
    // Our backoff has a maximum, and BullMQ's has not. So BullMQ gets the computed wait, for this
    // retry only.
    if (retryInMs !== undefined) job.opts.backoff = { type: 'fixed', delay: retryInMs };
    const traces = [...(job.stacktrace ?? [])];
    try {
      await job.moveToFailed(failureOf(ending), job.token ?? '', false);
    } catch (error) {
      // BullMQ adds the stack trace at each call, and there will be another call.
      job.stacktrace = traces;
      throw error;
    }
  }

  async handBack({ attempt: { jobId, lease, nth } }: HeldJob): Promise<void> {
    if (!(await this.#returns.add({ jobId, mark: lease.mark, nth }))) throw notOurs();
  }

  async putOff({ attempt: { jobId, lease } }: HeldJob): Promise<void> {
    const { redis } = this.#deps;
    const job = this.toKey(jobId);
    const keys = ['active', 'stalled', 'delayed', 'suspects', 'meta', 'events', 'marker'].map((key) => this.toKey(key));
    const isOurs = await redis.bullpenPutOff(lockKey(job), job, ...keys, lease.token, jobId, PUT_OFF_MS);
    if (isOurs === 0) throw notOurs();
  }

  async snooze({ attempt: { jobId, lease } }: HeldJob, due: Due): Promise<void> {
    const { clock } = this.#deps;
    // A written instant is an instant of Redis' clock as it goes now: it may have been set.
    if ('at' in due) await clock.sync().catch(() => undefined);
    const waitMs = 'at' in due ? due.at - clock.at() : due.inMs;
    // Our script puts Redis' time in place of the second argument.
    await this.moveToDelayed(jobId, 0, Math.max(waitMs, MIN_SNOOZE_MS), lease.token, { skipAttempt: true });
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
    const cronAt = repeat?.pattern && bullmq.defaultRepeatStrategy(Math.max(runAt, this.#deps.clock.at()), repeat);
    if (!cronAt) return super.updateJobSchedulerNextMillis(schedulerId, nextAt, data, opts, producerId);
    const next = { ...opts, prevMillis: cronAt };
    return super.updateJobSchedulerNextMillis(schedulerId, cronAt, data, next, producerId);
  }

  /** While the queue rests it does not return: BullMQ would call it again after a fifth of a lease. */
  override async moveStalledJobsToWait(): Promise<string[]> {
    const { outage, leases, settings, stallCheck } = this.#deps;
    while (!this.closing) {
      // Not awaited: the check must not wait for it.
      void settings.refresh(this.name);
      if (outage.endedAgoMs < COMEBACK_MS) return [];
      leases.renewQueue(this.name);
      const found = await stallCheck.check(this.name);
      if (found !== undefined) return found;
      await pause(untilNextLook(stallCheck.restMs));
    }
    return [];
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

  /** Nothing is fetched with it. */
  override async moveToFinished(jobId: string, args: (string | number | boolean | Buffer)[]): Promise<never[]> {
    const { redis, retention } = this.#deps;
    let reply = await redis.bullpenFinish(args);
    if (Array.isArray(reply) && reply[0] === FAILED_REMOVED) {
      retention.failedRemoved(this.name, reply[1] as number);
      reply = reply[2];
    }
    if (typeof reply === 'number' && reply < 0) throw this.endRefused(reply, jobId);
    return [];
  }

  /** The error for a script that answered that a job is not ours. */
  endRefused(code: number, jobId: string): Error {
    return this.finishedErrors({ code, jobId, command: 'moveToFinished', state: 'active' });
  }
}
