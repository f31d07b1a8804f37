import { addDepthMetrics } from '@bullpen/shared/internal';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { JobEvent, JobRescued, WorkerEvent } from '../../events/observers.js';
import type { StartedWorker } from '../../running-worker.js';
import { VERSION } from '../../version.js';
import { AttemptMetrics } from './attempt-metrics.js';

/** The part of a worker that is measured. */
export type Measured = Pick<StartedWorker, 'serves' | 'slots' | 'health' | 'exporter'>;

/** All Prometheus metrics of a worker. Gauges are read at the scrape. */
export class WorkerMetrics {
  readonly #attempts: AttemptMetrics;
  readonly #outages: Counter;
  readonly #rescued: Counter;
  readonly #jobEvents: Readonly<Record<JobEvent['kind'], (event: JobEvent) => void>>;

  /** @throws Error when the registry already has the metrics of another worker */
  constructor(worker: Measured, registry: Registry) {
    this.#attempts = new AttemptMetrics(worker.serves, registry);
    this.#outages = new Counter({
      name: 'bullpen_outages_total',
      help: 'Outages of Redis that this worker has seen.',
      registers: [registry],
    });
    this.#rescued = countRescued(worker, registry);
    this.#jobEvents = countJobEvents(worker, registry, this.#attempts);
    gaugeSlots(worker, registry);
    gaugeHealth(worker, registry);
    gaugeDepth(worker, registry);
  }

  count(event: WorkerEvent): void {
    if (event.kind === 'attempt-ended') this.#attempts.count(event);
    else if (event.kind === 'outage-began') this.#outages.inc();
    else if (event.kind === 'job-rescued') this.#rescued.inc({ queue: event.queue, finding: event.finding });
    else this.#jobEvents[event.kind](event);
  }
}

const FINDINGS: readonly JobRescued['finding'][] = ['charged', 'suspected', 'repeated'];

function countRescued({ serves }: Measured, registry: Registry): Counter {
  const counted = new Counter({
    name: 'bullpen_jobs_rescued_total',
    help: 'Jobs that this worker put back into their queue because their process died or stood still: a crash was counted (charged), or not (suspected, repeated).',
    labelNames: ['queue', 'finding'],
    registers: [registry],
  });
  for (const { queue } of serves) for (const finding of FINDINGS) counted.inc({ queue, finding }, 0);
  return counted;
}

function countJobEvents({ serves }: Measured, registry: Registry, attempts: AttemptMetrics) {
  const counter = (name: string, help: string) => {
    const counted = new Counter({ name, help, labelNames: ['queue', 'job'], registers: [registry] });
    for (const { queue, jobs } of serves) for (const job of jobs) counted.inc({ queue, job }, 0);
    return ({ queue, job }: JobEvent): void => counted.inc(attempts.labelsOf(queue, job));
  };
  return {
    'handed-back': counter(
      'bullpen_jobs_handed_back_total',
      'Jobs that were handed back to the front of their queue in a drain, started or not. No attempt is spent.',
    ),
    'lease-lapsed': counter(
      'bullpen_leases_lapsed_total',
      'Leases that ran out before they were renewed; their attempts were aborted. Some of them proved to be still held.',
    ),
    'lease-lost': counter('bullpen_leases_lost_total', 'Leases that another worker had by the time Redis was asked.'),
    'job-gone': counter(
      'bullpen_jobs_gone_total',
      'Jobs that Redis did not have any more when they were fetched, or while they were attempted.',
    ),
  };
}

/** Adds a gauge that is read at the scrape. */
function gauge(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly string[],
  read: () => Iterable<readonly [labels: Readonly<Record<string, string>>, value: number]>,
): void {
  new Gauge({
    ...{ name, help, labelNames: [...labelNames], registers: [registry] },
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.set(labels, value);
    },
  });
}

function gaugeSlots(worker: Measured, registry: Registry): void {
  const ofQueues = (name: string, help: string, read: (slots: ReturnType<Measured['slots']>[number]) => number): void =>
    gauge(registry, name, help, ['queue'], () => worker.slots().map((slots) => [{ queue: slots.queue }, read(slots)]));
  ofQueues('bullpen_slots', 'How many attempts of a queue this worker runs at once.', (slots) => slots.concurrency);
  ofQueues('bullpen_attempts_active', 'Attempts that are running: slots in use.', (slots) => slots.active);
  ofQueues(
    'bullpen_attempts_stuck',
    'Attempts that are past their deadline and still running.',
    (slots) => slots.stuck,
  );
}

function gaugeHealth(worker: Measured, registry: Registry): void {
  type Fact = 'live' | 'ready' | 'draining' | 'connected';
  const fact = (name: string, help: string, of: Fact): void =>
    gauge(registry, name, help, [], () => [[{}, Number(worker.health()[of])]]);
  fact('bullpen_worker_live', 'Whether this worker is live (1), that is, a restart would not help it.', 'live');
  fact('bullpen_worker_ready', 'Whether this worker takes jobs (1).', 'ready');
  fact('bullpen_worker_draining', 'Whether this worker finishes its jobs and takes no new ones (1).', 'draining');
  fact('bullpen_redis_up', 'Whether Redis answers this worker and accepts its commands (1).', 'connected');
  gauge(
    registry,
    'bullpen_clock_skew_seconds',
    "By how much the clock of this host is ahead of Redis' clock, at least; negative when it is behind.",
    [],
    () => {
      const { clockSkewMs } = worker.health();
      return clockSkewMs === undefined ? [] : [[{}, clockSkewMs / 1000]];
    },
  );
  gauge(registry, 'bullpen_worker_info', 'Always 1; the labels say which versions run.', ['version', 'node'], () => [
    [{ version: VERSION, node: process.versions.node }, 1],
  ]);
}

function gaugeDepth({ serves, exporter }: Measured, registry: Registry): void {
  new Gauge({
    name: 'bullpen_queue_exporter',
    help: 'Whether this process exports the job counts of the queue (1). One process per queue does.',
    labelNames: ['queue'],
    registers: [registry],
    async collect() {
      await exporter.count();
      for (const { queue } of serves) this.set({ queue }, Number(exporter.holds(queue)));
    },
  });
  addDepthMetrics({ Gauge, Counter }, registry, exporter);
}
