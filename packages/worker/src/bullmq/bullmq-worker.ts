import type { Job, JobJson, WorkerOptions } from 'bullmq';
import type { JobSource } from '../in-flight/job-source.js';
import { Backend, type BackendDeps } from './backend.js';
import { BullmqJob } from './bullmq-job.js';
import { bullmq } from './engine.js';
import { MainLoop, type MainLoopDeps } from './main-loop.js';
import { privatesOf } from './private-parts.js';
import { type EngineWorker, TurningQueue, type TurningQueueDeps } from './turning-queue.js';

/** What a {@link BullmqWorker} needs beside BullMQ's options. */
export interface BullmqWorkerDeps extends BackendDeps, TurningQueueDeps {
  /** `undefined`: nothing is fetched ahead. */
  readonly ahead: MainLoopDeps['ahead'];
}

/** How BullMQ's error begins when it could not enqueue the next run of a job scheduler. */
const SCHEDULING = 'Failed to add repeatable job for next iteration: ';

/**
 * BullMQ's worker with our main loop. What a stock worker does beside its main loop is BullMQ's: the
 * stall check, closing, the next run of a job scheduler, and the events for listeners.
 */
export class BullmqWorker extends bullmq.Worker<unknown, unknown, string, Backend> implements JobSource, EngineWorker {
  readonly #loop: MainLoop;
  /**
   * Why BullMQ could not enqueue the next run of a job scheduler. BullMQ only emits it as an error.
   */
  #schedulingFault: Error | undefined;

  constructor(queue: string, options: WorkerOptions & { readonly concurrency: number }, deps: BullmqWorkerDeps) {
    super(
      queue,
      // Never called, because the main loop is ours. BullMQ starts no worker without it.
      async () => undefined,
      { ...options, autorun: false, skipLockRenewal: true },
      (name, opts) => Backend.open(name, opts, deps),
    );
    const { taker, outage, ahead } = deps;
    const turning = new TurningQueue(this, deps);
    this.#loop = new MainLoop({ concurrency: options.concurrency, taker, outage, ahead, queue: turning });
    privatesOf(this).mainLoop = () => this.#loop.run();
    this.on('error', ({ message }) => {
      if (message.startsWith(SCHEDULING)) this.#schedulingFault = new Error(message.slice(SCHEDULING.length));
    });
  }

  protected override get Job(): typeof Job {
    return BullmqJob;
  }

  jobOf(json: JobJson, jobId: string): BullmqJob {
    return this.createJob(json, jobId) as BullmqJob;
  }

  async scheduleNext(json: JobJson, jobId: string, token: string): Promise<Error | undefined> {
    this.#schedulingFault = undefined;
    const job = await this.nextJobFromJobData(json, jobId, token);
    // BullMQ emits an error and drops the job, which is active.
    return job === undefined ? (this.#schedulingFault ?? new Error('unknown')) : undefined;
  }

  async isLimited(): Promise<boolean> {
    return (await this.backend.getRateLimitTtl()) > 0 || (await this.backend.isMaxed());
  }

  override close(force?: boolean): Promise<void> {
    if (this.closing !== undefined) return this.closing;
    const closed = super.close(force);
    this.#loop.close();
    return closed;
  }
}
