import { Counter, Histogram, type Registry } from 'prom-client';
import type { AttemptEnded } from '../observers.js';
import type { OutcomeKind } from '../outcome.js';
import type { RunningWorker } from '../worker.js';

/** What a job is called for which this worker has no handler: anybody can put names on Redis, and each would be a series of its own. */
export const UNKNOWN = 'unknown';

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

/** Ready made: a new object for each attempt would be the dearest part of counting it. */
interface JobSeries {
  readonly labels: JobLabels;
  readonly byOutcome: Readonly<Record<OutcomeKind, JobLabels & { readonly outcome: OutcomeKind }>>;
}

/** Counts attempts by job and outcome, how long they took, and how long their jobs had waited for the first. */
export class AttemptMetrics {
  readonly #ended: Counter<'queue' | 'job' | 'outcome'>;
  readonly #duration: Histogram<'queue' | 'job'>;
  readonly #wait: Histogram<'queue' | 'job'>;
  readonly #series = new Map<string, Map<string, JobSeries>>();

  constructor(serves: RunningWorker['serves'], registry: Registry) {
    const registers = [registry];
    this.#ended = new Counter({
      name: 'bullpen_attempts_total',
      help: 'Attempts that ended, by outcome. Each row of a shared job is one.',
      labelNames: ['queue', 'job', 'outcome'],
      registers,
    });
    this.#duration = new Histogram({
      name: 'bullpen_attempt_duration_seconds',
      help: 'How long attempts took. Without those whose handler was not called: expired and crashed.',
      labelNames: ['queue', 'job'],
      buckets: DURATION_BUCKETS_S,
      registers,
    });
    this.#wait = new Histogram({
      name: 'bullpen_queue_wait_seconds',
      help: 'From the instant a job could have started until its first attempt did.',
      labelNames: ['queue', 'job'],
      buckets: WAIT_BUCKETS_S,
      registers,
    });
    for (const { queue, jobs } of serves) {
      this.#series.set(queue, new Map([...jobs, UNKNOWN].map((job) => [job, seriesOf(queue, job)])));
      for (const job of jobs) this.#startAtZero(queue, job);
      this.#ended.inc({ queue, job: UNKNOWN, outcome: 'rejected' }, 0);
    }
  }

  count({ queue, job, outcome, durationMs, queueWaitMs }: AttemptEnded): void {
    const { labels, byOutcome } = this.#seriesOf(queue, job);
    this.#ended.inc(byOutcome[outcome]);
    if (outcome !== 'expired' && outcome !== 'crashed') this.#duration.observe(labels, durationMs / 1000);
    if (queueWaitMs !== undefined) this.#wait.observe(labels, queueWaitMs / 1000);
  }

  /** What a job from this queue is called here: its name, if there is a handler for it. */
  labelsOf(queue: string, job: string): JobLabels {
    return this.#seriesOf(queue, job).labels;
  }

  #seriesOf(queue: string, job: string): JobSeries {
    const jobs = this.#series.get(queue);
    return jobs?.get(job) ?? jobs?.get(UNKNOWN) ?? seriesOf(queue, UNKNOWN);
  }

  /** A series that only appears with its first failure begins at 1, and no `rate` ever sees that one. */
  #startAtZero(queue: string, job: string): void {
    for (const outcome of OUTCOMES) this.#ended.inc({ queue, job, outcome }, 0);
    this.#duration.zero({ queue, job });
    this.#wait.zero({ queue, job });
  }
}

function seriesOf(queue: string, job: string): JobSeries {
  const byOutcome = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, { queue, job, outcome }]));
  return { labels: { queue, job }, byOutcome: byOutcome as JobSeries['byOutcome'] };
}
