import {
  type BullpenOpts,
  backoffDelayMs,
  cancelledBatch,
  describeThrown,
  expandRows,
  idForRow,
  JobCancelled,
  type JobDefinition,
  type Thrown,
} from '@bullpen/shared';
import type { Job } from 'bullmq';
import type { ActiveAttempt } from './active-attempts.js';
import { attempt, endedBefore } from './attempt.js';
import { AttemptContext, type Attempted } from './attempt-context.js';
import type { AttemptInput } from './attempt-input.js';
import { attemptMany } from './attempt-many.js';
import { AttemptStop } from './attempt-stop.js';
import { onBehalfOf } from './blame.js';
import type { SharedJob, SplitRow } from './books.js';
import type { Handler } from './handler.js';
import { logOutcome } from './log-outcome.js';
import type { Outcome } from './outcome.js';
import type { ProcessParts } from './process-parts.js';
import { RowAcks } from './row-acks.js';
import { type RowNote, rowNote } from './row-note.js';
import { attemptsOf } from './settle.js';

/** What a {@link SharedAttempt} needs. */
export interface SharedAttemptParts {
  readonly job: Job;
  readonly entry: ActiveAttempt;
  readonly handler: Handler | undefined;
  readonly bullpen: BullpenOpts;
  readonly shared: ProcessParts;
  readonly onStuck: (attempted: Attempted) => void;
}

interface OpenRow {
  readonly row: number;
  readonly id: string;
  readonly payload: unknown;
}

/**
 * One attempt at a job that several rows of a batch share. Its rows are attempted one after the other, each as if it were a job of its own: with its own deadline and outcome, noted in the
 * books before the next is begun. A row that is to be attempted again (it failed, or snoozes) leaves for a job of its own, and its neighbours do not wait for it. What is left when the
 * attempt has to stop goes back to the queue as it is.
 */
export class SharedAttempt {
  readonly #parts: SharedAttemptParts;
  readonly #job: SharedJob;
  readonly #acks: RowAcks;
  readonly #batch: string;

  constructor(parts: SharedAttemptParts) {
    const { entry, shared, bullpen } = parts;
    this.#parts = parts;
    this.#batch = bullpen.batch ?? '';
    this.#job = { queue: entry.queue, jobId: entry.jobId, batch: this.#batch, lease: entry.lease };
    this.#acks = new RowAcks(entry, shared.recorder, () => shared.redis.status === 'ready');
  }

  /**
   * Attempts the rows that are still to be done.
   * @returns whether all are settled, or on their way in jobs of their own; otherwise the job is to be handed back. `undefined`: it is not ours any more
   */
  async run(): Promise<boolean | undefined> {
    const { entry, handler } = this.#parts;
    entry.isShared = true;
    const open = await this.#openRows();
    const crashed = await this.#suspect(open);
    const rows = crashed === undefined ? open : open.filter(({ row }) => row !== crashed);
    const together = handler?.many === true && entry.lease.crashes === 0;
    let done = true;
    for (let at = 0; at < rows.length; at += together ? rows.length : 1) {
      const next = together ? rows : rows.slice(at, at + 1);
      if (await this.#isCancelled()) {
        await this.#settle(rows.slice(at).map((row) => ({ row, outcome: this.#cancelled() })));
        break;
      }
      if (this.#mustStop() || !(await this.#attempt(next))) {
        done = false;
        break;
      }
    }
    await this.#acks.flush();
    if (entry.lease.lost || this.#acks.failed) return undefined;
    return done;
  }

  /** The rows that are not done yet. One that was fetched before may have some of them behind it. */
  async #openRows(): Promise<OpenRow[]> {
    const { job, entry, bullpen, shared } = this.#parts;
    const numbers = expandRows(bullpen.rows ?? []);
    const payloads =
      Array.isArray(job.data) && job.data.length === numbers.length ? (job.data as unknown[]) : undefined;
    const rows = numbers.map((row, at) => ({ row, id: idForRow(this.#batch, row), payload: payloads?.[at] }));
    if (entry.lease.fetches <= 1) return rows;
    const carried = await shared.recorder.carry(entry, () => shared.books.openRows(entry.queue, this.#batch, numbers));
    if (carried.kind !== 'written') throw new Error('the rows still to be done could not be read');
    const open = new Set(carried.value);
    return rows.filter(({ row }) => open.has(row));
  }

  /**
   * A process died under this job: the row that was in hand, the first one open, gets a job of its own, with the crash on its account and not on that of its neighbours. A handler of many had all
   * of them in hand: then they are attempted one by one first, and the next crash shows which it was.
   */
  async #suspect(open: readonly OpenRow[]): Promise<number | undefined> {
    const { entry, handler } = this.#parts;
    const { crashes } = entry.lease;
    const forgiven = handler?.many === true ? 1 : 0;
    const [suspect] = open;
    if (suspect === undefined || crashes <= forgiven) return undefined;
    await this.#split([this.#splitRow(suspect, Date.now(), 0, undefined, crashes)], () => undefined, forgiven);
    return suspect.row;
  }

  #mustStop(): boolean {
    const { entry, shared } = this.#parts;
    entry.started = false;
    return shared.active.draining || entry.lease.lost || entry.lease.lapsed || this.#acks.failed;
  }

  async #isCancelled(): Promise<boolean> {
    const { entry, shared } = this.#parts;
    const { queue } = entry;
    const suspected = [entry.jobId, cancelledBatch(this.#batch)].filter((id) =>
      shared.cancellations.suspects(queue, id),
    );
    if (suspected.length === 0) return false;
    const stop = new AttemptStop();
    for (const id of suspected) await shared.cancellations.stopIfNoted(queue, id, stop);
    return stop.reason !== undefined;
  }

  #cancelled(): Outcome {
    return { kind: 'cancelled', error: describeThrown(new JobCancelled()) };
  }

  /** Attempts a row, or several by a handler of many; whether the next may be begun. */
  async #attempt(rows: readonly OpenRow[]): Promise<boolean> {
    const { job, entry, handler, shared, bullpen, onStuck } = this.#parts;
    const [first] = rows as [OpenRow];
    const stop = new AttemptStop();
    entry.stop = stop;
    entry.started = true;
    entry.stuck = false;
    const { queue, lease } = entry;
    const attempted = {
      ...{ queue, lease, stop, job: entry.job, jobId: rows.length === 1 ? first.id : entry.jobId },
      ...{ isShared: true, outcome: undefined as Outcome['kind'] | undefined },
    };
    const startedAt = Date.now();
    const unreadable = first.payload === undefined ? ['data'] : bullpen.unreadable;
    const input: AttemptInput = {
      ...{
        handler,
        jobName: job.name,
        payload: first.payload,
        rowId: first.id,
        crashes: 0,
        startedAt,
        stop,
        unreadable,
      },
      expiresAt: bullpen.expiresAt,
      context: (deadline) => new AttemptContext(job, attempted, deadline, shared.log, shared.books),
      onStuck: () => onStuck(attempted),
    };
    const outcomes = await onBehalfOf(attempted, () => attemptAll(input, rows));
    attempted.outcome = outcomes[0]?.kind;
    const ends = rows.map((row, at) => ({ row, outcome: outcomes[at] as Outcome }));
    for (const { row, outcome } of ends) logOutcome(shared.log, outcome, job, row.id, startedAt);
    if (lease.lost) return false;
    const settled = ends.filter(({ outcome }) => outcome.kind !== 'interrupted');
    await this.#settle(settled);
    if (settled.length < ends.length) return false;
    entry.started = false;
    return true;
  }

  /** Notes how rows ended. Waits only when it must. */
  #settle(ends: readonly { readonly row: OpenRow; readonly outcome: Outcome }[]): Promise<unknown> | undefined {
    const { job, bullpen, handler, shared } = this.#parts;
    const { maxAttempts } = attemptsOf(job);
    const notes: RowNote[] = [];
    const splits: SplitRow[] = [];
    for (const { row, outcome } of ends) {
      const note = rowNote(outcome, {
        ...{ bullpen, row: row.row, job: job.name, payload: row.payload },
        attempt: 1,
        maxAttempts,
      });
      if (note !== undefined) notes.push(note);
      else if (outcome.kind === 'snoozed') splits.push(this.#splitRow(row, outcome.untilAt, 0, undefined, 0));
      else if (outcome.kind === 'failed') {
        const dueAt = Date.now() + backoffOf(handler?.job);
        splits.push(this.#splitRow(row, dueAt, 1, outcome.error, 0));
      }
    }
    const count = () => {
      for (const { outcome } of ends) shared.active.countRow(outcome.kind);
    };
    const noted =
      notes.length === 0
        ? undefined
        : this.#acks.write(
            () => shared.books.settleRows(this.#job, notes),
            splits.length === 0 ? count : () => undefined,
          );
    if (splits.length === 0) return noted;
    const split = this.#split(splits, count);
    return noted === undefined ? split : Promise.all([noted, split]);
  }

  #split(rows: readonly SplitRow[], written: () => void, crashes?: number): Promise<void> | undefined {
    const { job, shared } = this.#parts;
    const terms = {
      name: job.name,
      timestamp: job.timestamp,
      priority: job.priority ?? 0,
      ...(crashes === undefined ? {} : { crashes }),
    };
    return this.#acks.write(() => shared.books.splitRows(this.#job, rows, terms), written);
  }

  #splitRow(
    { row, id, payload }: OpenRow,
    dueAt: number,
    attemptsMade: number,
    error: Thrown | undefined,
    crashes: number,
  ): SplitRow {
    const { bullpen, ...opts } = this.#parts.job.opts as { bullpen?: object };
    const { rows: _, ...ofRow } = (bullpen ?? {}) as { rows?: unknown };
    return {
      ...{ row, dueAt, attemptsMade, crashes, failure: error === undefined ? '' : `${error.name}: ${error.message}` },
      data: JSON.stringify(payload),
      opts: JSON.stringify({ ...opts, jobId: id, bullpen: { ...ofRow, row } }),
    };
  }
}

function backoffOf(job: JobDefinition | undefined): number {
  return job === undefined ? 0 : backoffDelayMs(job.backoff, 1, Math.random());
}

/** Attempts one row, or all of them by a handler of many. */
async function attemptAll(input: AttemptInput, rows: readonly OpenRow[]): Promise<Outcome[]> {
  const { handler } = input;
  if (rows.length === 1 || handler?.many !== true) return [await attempt(input)];
  const ended = endedBefore(input);
  return ended === undefined ? attemptMany({ ...input, rows }, handler) : rows.map(() => ended);
}
