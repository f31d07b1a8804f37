import { Counter, Histogram, type Registry } from 'prom-client';
import type { OutcomeKind } from '../../attempt/outcome.js';
import type { AttemptEnded } from '../../events/observers.js';
import type { RunningWorker } from '../../running-worker.js';

/**
 * What a job is called for which this worker has no handler: anybody can put names on Redis, and
 * each would be a series of its own.
 */
const UNKNOWN = 'unknown';

const OUTCOMES: readonly OutcomeKind[] = [
  ...(['completed', 'failed', 'rejected', 'expired', 'crashed', 'cancelled', 'snoozed', 'interrupted'] as const),
];

/** From a write to a cache to a report that takes a quarter of an hour. */
const DURATION_BUCKETS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];
/** From a worker that was waiting for it to a backlog of four hours. */
const WAIT_BUCKETS_S = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400];

interface JobLabels {
  readonly queue: string;
  readonly job: string;
}

/**
 * What is counted of one job, told at the scrape: a counter with three labels would take longer for
 * each attempt than all else that is measured.
 */
class JobCounts {
  readonly labels: JobLabels;
  readonly ended = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<OutcomeKind, number>;

  constructor(queue: string, job: string) {
    this.labels = { queue, job };
  }
}

/**
 * Counts attempts by job and outcome, how long they took, and how long their jobs had waited for
 * the first. Each series is there from the start: one that only appears with its first failure
 * begins at 1, and no `rate` ever sees that one.
 */
export class AttemptMetrics {
  readonly #queues: ReadonlyMap<string, ReadonlyMap<string, JobCounts>>;
  readonly #duration: Histogram<'queue' | 'job'>;
  readonly #wait: Histogram<'queue' | 'job'>;

  constructor(serves: RunningWorker['serves'], registry: Registry) {
    this.#queues = new Map(
      serves.map(({ queue, jobs }) => [
        queue,
        new Map([...jobs, UNKNOWN].map((job) => [job, new JobCounts(queue, job)])),
      ]),
    );
    const jobs = [...this.#queues.values()].flatMap((counts) => [...counts.values()]);
    new Counter({
      name: 'bullpen_attempts_total',
      help: 'Attempts that ended, by outcome. Each row of a shared job is one.',
      labelNames: ['queue', 'job', 'outcome'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { labels, ended } of jobs)
          for (const outcome of OUTCOMES) this.inc({ ...labels, outcome }, ended[outcome]);
      },
    });
    const histogram = (name: string, help: string, buckets: number[]): Histogram<'queue' | 'job'> => {
      const made = new Histogram({ name, help, buckets, labelNames: ['queue', 'job'], registers: [registry] });
      for (const { labels } of jobs) made.zero({ ...labels });
      return made;
    };
    this.#duration = histogram(
      'bullpen_attempt_duration_seconds',
      'How long attempts took. Without those whose handler was not called: expired and crashed.',
      DURATION_BUCKETS_S,
    );
    this.#wait = histogram(
      'bullpen_queue_wait_seconds',
      'From the instant a job could have started until its first attempt did.',
      WAIT_BUCKETS_S,
    );
  }

  count({ queue, job, outcome, durationMs, queueWaitMs }: AttemptEnded): void {
    const counts = this.#countsOf(queue, job);
    if (counts === undefined) return;
    counts.ended[outcome] += 1;
    if (outcome !== 'expired' && outcome !== 'crashed') this.#duration.observe(counts.labels, durationMs / 1000);
    if (queueWaitMs !== undefined) this.#wait.observe(counts.labels, queueWaitMs / 1000);
  }

  /** What a job from this queue is called here: its name, if there is a handler for it. */
  labelsOf(queue: string, job: string): JobLabels {
    return this.#countsOf(queue, job)?.labels ?? { queue, job: UNKNOWN };
  }

  /** Every queue that jobs come from is one that is served. */
  #countsOf(queue: string, job: string): JobCounts | undefined {
    const jobs = this.#queues.get(queue);
    return jobs?.get(job) ?? jobs?.get(UNKNOWN);
  }
}
