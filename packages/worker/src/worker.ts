import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { createLogger, type EventsOption, type Logger, RedisUnavailable } from '@bullpen/shared';
import {
  cancelledChannel,
  declaredEvents,
  definedJobs,
  Exporter,
  explainRedis,
  forgetCommand,
  mayEvict,
  openRedis,
  queueKeys,
  reasonOf,
  showRedis,
  suggest,
  tooOld,
} from '@bullpen/shared/internal';
import { captureContext } from './attempt/async-context.js';
import { defineCommands, NEEDED_COMMANDS } from './define-commands.js';
import { Observers } from './events/observers.js';
import { buildRegistry } from './handlers/registry.js';
import { ActiveAttempts } from './in-flight/active-attempts.js';
import { Cancellations } from './in-flight/cancellations.js';
import { type DrainSummary, drain } from './in-flight/drain.js';
import { faultOwner } from './in-flight/fault-owner.js';
import { FetchAhead } from './in-flight/fetch-ahead.js';
import { healthOf } from './in-flight/health.js';
import { Leases } from './in-flight/leases.js';
import { Progress } from './in-flight/progress.js';
import { QueueSettings, type SharedSettings } from './in-flight/queue-settings.js';
import { Recorder } from './in-flight/recorder.js';
import { Retention } from './in-flight/retention.js';
import { StallCheck } from './in-flight/stall-check.js';
import { Trials } from './in-flight/trials.js';
import { QueueWorker } from './intake/queue-worker.js';
import { untilEmpty } from './intake/until-empty.js';
import { readOptions } from './read-options.js';
import { ClockWatch } from './redis/clock-watch.js';
import { Outage } from './redis/outage.js';
import { findDenied } from './redis/permissions.js';
import { retryWhileRefused } from './redis/retry-while-refused.js';
import { SideConnections } from './redis/side-connections.js';
import { Subscription } from './redis/subscription.js';
import type { RunningWorker, StartedWorker } from './running-worker.js';
import type { WorkerOptions } from './worker-options.js';

/**
 * Starts a worker in this process. It fetches jobs of all queues of its handlers and attempts them,
 * up to `concurrency` at once per queue. It opens connections at once but does not wait for Redis:
 * await `ready` for that.
 *
 * It listens to no signal of the process and ends no process; `bullpen-worker` does. Call `drain`
 * yourself before your process ends.
 * @example
 * const worker = startWorker({ handlers: [invoices], redis: 'redis://127.0.0.1:6379' });
 * await worker.ready;
 * process.once('SIGTERM', async () => {
 *   const { cutOff } = await worker.drain();
 *   process.exitCode = cutOff === 0 ? 0 : 70;
 * });
 * @throws HandlersInvalid, OptionsInvalid or ConfigInvalid with every fault, before anything is
 *   opened
 */
export function startWorker(options: WorkerOptions): RunningWorker {
  const settings = readOptions(options);
  const registry = buildRegistry(
    options.handlers,
    definedJobs(),
    settings.queues?.map(({ name }) => name),
  );
  const serves = [...registry].map(([queue, handlers]) => ({
    queue,
    jobs: [...handlers.keys()],
    concurrency: settings.queues?.find(({ name }) => name === queue)?.concurrency ?? settings.concurrency,
  }));

  const { redis: address } = options;
  const { prefix, leaseMs, kept, events } = settings;
  const log = options.logger ?? createLogger();
  const redis = defineCommands(openRedis(address, 'worker', 'bullpen:worker', prefix));
  const where = showRedis(address);
  const inContext = captureContext();
  const observers = new Observers(log, inContext);
  const onBegin = (): void => observers.tell({ kind: 'outage-began' });
  const outage = new Outage(redis, where, log, onBegin);
  const connections = new SideConnections(outage, { address: where, log, onBegin });
  let fault: Error | undefined;
  redis.on('error', (error: Error) => {
    fault = error;
  });
  redis.on('ready', () => {
    fault = undefined;
  });
  const active = new ActiveAttempts(({ queue, job, jobId }) => {
    if (observers.any) observers.tell({ kind: 'handed-back', queue, job, jobId });
  });
  const queues = serves.map(({ queue }) => queue);
  warnOfUnknown(events, log);
  const clockWatch = new ClockWatch({ redis, log });
  const { clock } = clockWatch;
  const subscriber = openRedis(address, 'worker', 'bullpen:cancellations', prefix);
  const subscription = new Subscription({
    ...{ redis: subscriber, address: where, log },
    channels: queues.map((queue) => cancelledChannel(prefix, queue)),
    watched: connections.watch(subscriber, 'hears of cancellations'),
  });
  const cancellations = new Cancellations(redis, subscriber, prefix, queues, active, () => subscription.hearsSince);
  const told = (queue: string): Partial<SharedSettings> => {
    const declared = declaredEvents(events, queue);
    return declared === undefined ? kept : { ...kept, events: declared };
  };
  const queueSettings = new QueueSettings({ redis, prefix, queues, told, log });
  const leases = new Leases({ redis, prefix, active, leaseMs, outage, log, observers });
  const exporter = new Exporter({ redis, prefix, queues: () => queues, log });
  const recorder = new Recorder(leases, outage, log);
  const trials = new Trials({ redis, prefix, queues, active, recorder, log });
  const deps = {
    ...{ prefix, redis, clock, inContext, active, leases, outage, connections, cancellations, log, observers, leaseMs },
    settings: queueSettings,
    retention: new Retention(queueSettings, log),
    fetchAhead: settings.fetchAhead ? new FetchAhead() : undefined,
    progress: new Progress(redis, prefix),
    ...{ recorder, trials, stallCheck: new StallCheck({ redis, prefix, leaseMs, clock, log, observers }) },
    name: `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
  };
  const queueWorkers = serves.map(
    ({ queue, concurrency }) => new QueueWorker(queue, registry.get(queue) ?? new Map(), concurrency, deps),
  );
  redis.on('ready', () => {
    for (const queueWorker of queueWorkers) {
      queueWorker.handBackLost().catch((error: unknown) => {
        if (draining !== undefined || outage.noteIfOutage(error)) return;
        log.warn({ queue: queueWorker.queue, err: error }, 'cannot look for jobs that were fetched in vain');
      });
    }
  });
  const abortNow = new AbortController();
  let isReady = false;
  let draining: Promise<DrainSummary> | undefined;

  const handBackAll = (): void => {
    // Half of it could be done, and a job be nowhere.
    if (outage.lacksPermission) return;
    // The last word of a worker: nobody is here to hear the answer. Its leases run out in any case.
    for (const queueWorker of queueWorkers) queueWorker.handBackAll().catch(() => undefined);
  };
  const shutDown = async (): Promise<DrainSummary> => {
    const close = () => Promise.all(queueWorkers.map((queueWorker) => queueWorker.close()));
    // Another process reports these queues to Prometheus from now on.
    const retired = exporter.close();
    const summary = await drain({ ...settings, close, handBackAll, active, abortNow: abortNow.signal });
    leases.close();
    subscription.close();
    cancellations.close();
    clockWatch.close();
    await retired;
    redis.disconnect();
    return summary;
  };

  const whatIsDenied = async (): Promise<string | undefined> => {
    for (const queue of queues) {
      const denied = await findDenied(redis, queueKeys(prefix, queue).meta, NEEDED_COMMANDS);
      if (denied !== undefined) return denied;
    }
    return undefined;
  };
  const start = async (): Promise<void> => {
    await retryWhileRefused(outage, async () => void (await redis.ping()));
    const old = tooOld(redis.server, where);
    if (old !== undefined) throw old;
    // A job that was cancelled while no worker ran must not start now.
    await retryWhileRefused(outage, () => cancellations.load());
    await retryWhileRefused(outage, () => clockWatch.load());
    const evicts = mayEvict(redis.server);
    if (evicts !== undefined) log.warn({ redis: where }, evicts);
    // Does Redis allow what a worker does? A refusal later is waited out, as Redis' state. A
    // refusal at the start is a wrong configuration.
    await retryWhileRefused(outage, async () => {
      const denied = await whatIsDenied();
      if (denied === undefined) return;
      throw new RedisUnavailable(`Redis at ${where} refused us: ${denied}`, { unanswered: false });
    });
    for (const queue of queues) await retryWhileRefused(outage, () => leases.probe(queue));
    await retryWhileRefused(outage, () => queueSettings.load());
    await retryWhileRefused(outage, () => trials.load());
    if (draining !== undefined) return;
    outage.watchPermissions(whatIsDenied);
    leases.start();
    await Promise.all([subscription.answered, ...queueWorkers.map((queueWorker) => queueWorker.run())]);
    isReady = true;
  };
  const ready = start().catch((error: Error) => {
    // We wait for a Redis that is away. This one answered and refused us. (Or a drain closed the
    // connection meanwhile.)
    if (error instanceof RedisUnavailable) throw error;
    forgetCommand(error);
    const cause = fault ?? error;
    const reason = explainRedis(reasonOf(cause), where);
    throw new RedisUnavailable(`Redis at ${where} refused us: ${reason}`, { cause, unanswered: false });
  });
  // A drain that begins before Redis ever answered ends this wait by closing the connection.
  // Without this, that would be an unhandled rejection.
  ready.catch(() => undefined);

  const started: StartedWorker = {
    ready,
    serves,
    get active() {
      return active.begunCount;
    },
    drain() {
      draining ??= shutDown();
      return draining;
    },
    slots: () =>
      serves.map(({ queue, concurrency }) => {
        const { active: taken, stuck } = active.slotsOf(queue);
        // The slot of a job that has just ended may be used again before Redis has its end.
        return { queue, concurrency, active: Math.min(taken, concurrency), stuck };
      }),
    observe: (observer) => observers.add(observer),
    exporter,
    health: () => healthOf({ active, serves, isReady, isDraining: draining !== undefined, outage, connections, clock }),
    process: {
      activeJobIds: () => active.jobIds(),
      abortNow: () => abortNow.abort(),
      faultOwner(error) {
        const found = faultOwner(error);
        if (found === undefined) return undefined;
        const { attempt, isItsAbort } = found;
        return { job: attempt.job, jobId: attempt.jobId, queue: attempt.queue, isItsAbort };
      },
      handBackAll,
      untilEmpty: () => untilEmpty({ redis, prefix, queues, outage, log, isDraining: () => draining !== undefined }),
    },
  };
  return started;
}

/** A misspelt queue is no fault: a fleet may give all its workers the same declaration. */
function warnOfUnknown(events: EventsOption | undefined, log: Logger): void {
  const known = [...new Set(definedJobs().map(({ queue }) => queue))];
  for (const queue of typeof events === 'object' ? Object.keys(events) : []) {
    if (known.includes(queue)) continue;
    log.warn({ queue }, `events were declared for a queue that no job of this process has.${suggest(queue, known)}`);
  }
}
