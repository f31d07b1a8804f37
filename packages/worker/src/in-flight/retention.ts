import type { Logger } from '@bullpen/shared';
import { META, queueKeys, writeDuration } from '@bullpen/shared/internal';
import type { ScriptedRedis } from '../redis/commands.js';
import { KEPT_JOBS, type KeptJobs } from './kept-jobs.js';

const NAMES = Object.keys(KEPT_JOBS) as (keyof KeptJobs)[];
/** How often a queue is reported that removes failed jobs. */
const REPORT_EVERY_MS = 10 * 60_000;

/** What {@link Retention} needs. */
export interface RetentionDeps {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
  readonly queues: readonly string[];
  /** What this worker was told. What it was not told is as the queue has it, or the default. */
  readonly told: Partial<KeptJobs>;
  readonly log: Logger;
}

/** What is known of one queue. */
interface KnownQueue {
  kept: KeptJobs;
  /** Failed jobs that this worker removed and has not reported yet, and when it last reported. */
  removed: number;
  reportedAt: number;
}

/**
 * How long the queues keep their finished jobs. The values stand in each queue's meta, so that all
 * its workers have the same. A worker that was told a value writes it when it starts; the others
 * read it within seconds. Two workers that were told different values say so.
 */
export class Retention {
  readonly #deps: RetentionDeps;
  readonly #known: ReadonlyMap<string, KnownQueue>;

  constructor(deps: RetentionDeps) {
    this.#deps = deps;
    const known = (): KnownQueue => ({
      ...{ kept: { ...KEPT_JOBS, ...deps.told }, removed: 0, reportedAt: Number.NEGATIVE_INFINITY },
    });
    this.#known = new Map(deps.queues.map((queue) => [queue, known()]));
  }

  /**
   * Writes what this worker was told, and reads the rest. Await it before the first fetch.
   * @throws what Redis throws
   */
  async load(): Promise<void> {
    const { redis, prefix, told } = this.#deps;
    for (const queue of this.#known.keys()) {
      const { meta } = queueKeys(prefix, queue);
      const stored = await this.#read(queue);
      if (Object.keys(told).length > 0) await redis.bullpenKeep(meta, '1', ...fieldsOf(told));
      for (const name of NAMES) {
        const [was, is] = [stored[name], told[name]];
        if (was !== undefined && is !== undefined && was !== is) this.#reportChange(queue, name, was, is);
      }
      this.#set(queue, { ...KEPT_JOBS, ...stored, ...told });
    }
  }

  /**
   * Reads what stands in the queue's meta now. Writes what this worker was told if it does not
   * stand there any more: BullMQ's `obliterate` removes the meta. Never throws: without an answer
   * nothing changes.
   */
  async refresh(queue: string): Promise<void> {
    const before = this.#known.get(queue)?.kept;
    const stored = await this.#read(queue).catch(() => undefined);
    if (before === undefined || stored === undefined) return;
    const kept = { ...before, ...stored };
    for (const name of NAMES) {
      const isTold = this.#deps.told[name] !== undefined;
      if (isTold && kept[name] !== before[name]) this.#reportChange(queue, name, before[name], kept[name]);
    }
    this.#set(queue, kept);
    const { redis, prefix, told } = this.#deps;
    const missing = NAMES.filter((name) => told[name] !== undefined && stored[name] === undefined);
    if (missing.length === 0) return;
    const values = Object.fromEntries(missing.map((name) => [name, kept[name]]));
    // Only if nobody has written it meanwhile.
    await redis.bullpenKeep(queueKeys(prefix, queue).meta, '', ...fieldsOf(values)).catch(() => undefined);
  }

  /** What to keep, in BullMQ's words: `age` is in seconds. */
  keep(queue: string, target: 'completed' | 'failed'): { readonly count: number; readonly age: number } {
    const { keepCompleted, keepCompletedFor, keepFailed, keepFailedFor } = this.#known.get(queue)?.kept ?? KEPT_JOBS;
    const [count, ms] = target === 'completed' ? [keepCompleted, keepCompletedFor] : [keepFailed, keepFailedFor];
    return { count, age: Math.ceil(ms / 1000) };
  }

  /** Redis removed failed jobs of the queue because there were too many, or they were too old. */
  failedRemoved(queue: string, count: number): void {
    const known = this.#known.get(queue);
    if (known === undefined) return;
    known.removed += count;
    if (performance.now() - known.reportedAt < REPORT_EVERY_MS) return;
    const { keepFailed, keepFailedFor } = known.kept;
    this.#deps.log.warn(
      { queue, removed: known.removed, keepFailed, keepFailedFor: writeDuration(keepFailedFor) },
      'failed jobs were removed, because the queue keeps no more of them; find out why jobs fail, or raise keepFailed',
    );
    known.removed = 0;
    known.reportedAt = performance.now();
  }

  async #read(queue: string): Promise<Partial<KeptJobs>> {
    const { redis, prefix } = this.#deps;
    const stored = await redis.hmget(queueKeys(prefix, queue).meta, ...NAMES.map((name) => META[name]));
    const isValue = (text: string | null | undefined): text is string => /^[1-9]\d{0,15}$/.test(text ?? '');
    return Object.fromEntries(
      NAMES.flatMap((name, at) => (isValue(stored[at]) ? [[name, Number(stored[at])] as const] : [])),
    );
  }

  #set(queue: string, kept: KeptJobs): void {
    const known = this.#known.get(queue);
    if (known !== undefined) known.kept = kept;
  }

  #reportChange(queue: string, name: keyof KeptJobs, was: number, is: number): void {
    const show = (value: number): number | string => (name.endsWith('For') ? writeDuration(value) : value);
    this.#deps.log.warn(
      { queue, setting: name, was: show(was), is: show(is) },
      'workers of this queue were started with different values; the one that started last counts for all',
    );
  }
}

const fieldsOf = (told: Partial<KeptJobs>): (string | number)[] =>
  NAMES.flatMap((name) => (told[name] === undefined ? [] : [META[name], told[name]]));
