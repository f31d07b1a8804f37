import { Counter, Histogram, type Registry } from 'prom-client';
import type { OutcomeKind } from '../../attempt/outcome.js';
import type { AttemptEnded } from '../../events/observers.js';
import type { RunningWorker } from '../../running-worker.js';

/**
 * The label of jobs that this worker has no handler for. Everybody who can write to Redis can make
 * up names, and each name would be a series of its own.
 */
const UNKNOWN = 'unknown';

const OUTCOMES: readonly OutcomeKind[] = [
  ...(['completed', 'failed', 'rejected', 'expired', 'crashed', 'cancelled', 'snoozed', 'interrupted'] as const),
];

/** From a write to a cache (1 ms) to a long report (15 min). */
const DURATION_BUCKETS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];
/** From an idle worker (5 ms) to a backlog of four hours. */
const WAIT_BUCKETS_S = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400];

interface JobLabels {
  readonly queue: string;
  readonly job: string;
}

/**
 * Counts of one job by outcome, read at the scrape. A prom-client counter with three labels would
 * take longer per attempt than all other measuring together.
 */
class JobCounts {
  readonly labels: JobLabels;
  readonly ended = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<OutcomeKind, number>;

  constructor(queue: string, job: string) {
    this.labels = { queue, job };
  }
}

/**
 * Counts attempts by job and outcome, and measures their duration and the queue wait of their jobs.
 * Every series exists from the start: a series that appears with its first failure begins at 1, and
 * `rate` does not see that failure.
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
      help: 'Attempts that ended, by outcome. Each row of a shared job is an attempt of its own.',
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
      'How long attempts took. Expired and crashed ones are not measured: their handler was not called.',
      DURATION_BUCKETS_S,
    );
    this.#wait = histogram(
      'bullpen_queue_wait_seconds',
      'How long a job waited, from when it could have started to when its first attempt started.',
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

  /** The labels of a job: its name, or `unknown` when there is no handler for it. */
  labelsOf(queue: string, job: string): JobLabels {
    return this.#countsOf(queue, job)?.labels ?? { queue, job: UNKNOWN };
  }

  #countsOf(queue: string, job: string): JobCounts | undefined {
    const jobs = this.#queues.get(queue);
    return jobs?.get(job) ?? jobs?.get(UNKNOWN);
  }
}
