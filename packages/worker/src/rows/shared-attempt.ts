import { JobCancelled } from '@bullpen/shared';
import { type BullpenOpts, backoffDelayMs, describeThrown, expandRows, idForRow } from '@bullpen/shared/internal';
import type { Job } from 'bullmq';
import { attempt, endedBefore } from '../attempt/attempt.js';
import { attemptMany } from '../attempt/attempt-many.js';
import { attemptNumber } from '../attempt/attempt-number.js';
import { AttemptStop } from '../attempt/attempt-stop.js';
import type { Outcome } from '../attempt/outcome.js';
import { type RowNote, rowNote } from '../attempt/row-note.js';
import { storedData } from '../bullmq/fetched-job.js';
import { reportOutcome } from '../events/report-outcome.js';
import type { Handler } from '../handlers/handler.js';
import type { ActiveAttempt } from '../in-flight/active-attempts.js';
import type { Attempted } from '../in-flight/attempt-context.js';
import { runOwnedBy } from '../in-flight/fault-owner.js';
import type { WorkerDeps } from '../in-flight/worker-deps.js';
import { type OpenRow, RowAttempt, type RowTerms } from './row-attempt.js';
import type { RowCalls } from './row-calls.js';
import type { SharedJob, SplitRow } from './row-jobs.js';
import { RowRecorder } from './row-recorder.js';
import { type Leaving, splitRow } from './split-row.js';

/** What a {@link SharedAttempt} needs. */
export interface SharedAttemptDeps {
  readonly job: Job;
  readonly entry: ActiveAttempt;
  readonly handler: Handler | undefined;
  readonly bullpen: BullpenOpts;
  readonly shared: WorkerDeps;
  readonly rowEnds: RowCalls;
  readonly onStuck: (attempted: Attempted) => void;
}

interface EndedRow {
  readonly row: OpenRow;
  readonly outcome: Outcome;
}

/**
 * One attempt at a job that several rows of a batch share. Its rows are attempted one after the
 * other, each as if it were a job of its own: with its own deadline and outcome, sent to the books
 * before the next is begun. A row that is to be attempted again (it failed, or snoozes) leaves for
 * a job of its own, and its neighbours do not wait for it. What is left when the attempt has to
 * stop goes back to the queue as it is.
 */
export class SharedAttempt {
  readonly #parts: SharedAttemptDeps;
  readonly #job: SharedJob;
  readonly #acks: RowRecorder;
  readonly #batch: string;
  readonly #maxAttempts: number;
  /** Read again when the first of them is asked for. */
  #storedPayloads: unknown[] | undefined;

  constructor(parts: SharedAttemptDeps) {
    const { entry, shared, bullpen, job, rowEnds } = parts;
    this.#parts = parts;
    this.#batch = bullpen.batch ?? '';
    this.#maxAttempts = attemptNumber(job).maxAttempts;
    this.#job = { queue: entry.queue, jobId: entry.jobId, batch: this.#batch, lease: entry.lease };
    this.#acks = new RowRecorder(this.#job, entry, shared.recorder, rowEnds);
  }

  /**
   * Attempts the rows that are still to be done.
   * @returns whether all are settled, or on their way in jobs of their own; otherwise the job is to
   *   be handed back. `undefined`: it is not ours any more
   */
  async run(): Promise<boolean | undefined> {
    const { entry, handler, shared } = this.#parts;
    entry.isShared = true;
    const open = await this.#openRows();
    if (open === undefined) return undefined;
    const rows = await this.#withoutSuspect(open);
    const terms = this.#terms(rows);
    const together = handler?.many === true && entry.lease.crashes === 0;
    let done = true;
    for (let at = 0; at < rows.length && done; at += together ? rows.length : 1) {
      if (shared.cancellations.suspects(entry) && (await this.#isCancelled())) {
        const outcome: Outcome = { kind: 'cancelled', error: describeThrown(new JobCancelled()) };
        await this.#settle(rows.slice(at).map((row) => ({ row, outcome })));
        break;
      }
      done = !this.#mustStop() && (await this.#attempt(terms, together ? rows : [rows[at] as OpenRow]));
    }
    return entry.lease.lost || this.#acks.failed ? undefined : done;
  }

  /**
   * The rows that are not done yet; a job that was fetched before may have some of them behind it.
   * `undefined` when Redis does not say.
   */
  async #openRows(): Promise<OpenRow[] | undefined> {
    const { job, entry, bullpen, shared } = this.#parts;
    const numbers = expandRows(bullpen.rows ?? []);
    const payloads = Array.isArray(job.data) && job.data.length === numbers.length ? job.data : undefined;
    const rows = numbers.map((row, place) => ({
      row,
      id: idForRow(this.#batch, row),
      place,
      payload: payloads?.[place],
    }));
    if (entry.lease.fetches <= 1) return rows;
    const carried = await shared.recorder.carry(entry, () => shared.books.openRows(entry.queue, this.#batch, numbers));
    if (carried.kind !== 'written') return undefined;
    const open = new Set(carried.value);
    return rows.filter(({ row }) => open.has(row));
  }

  /**
   * A process died under this job: the row that was in hand, the first one open, gets a job of its
   * own, with the crash on its account and not on that of its neighbours. A handler of many had all
   * of them in hand: then they are attempted one by one first, and the next crash shows which it
   * was.
   */
  async #withoutSuspect(open: OpenRow[]): Promise<OpenRow[]> {
    const { job, entry, handler } = this.#parts;
    const { crashes } = entry.lease;
    const forgiven = handler?.many === true ? 1 : 0;
    const [suspect, ...rest] = open;
    if (suspect === undefined || crashes <= forgiven) return open;
    const isSplit = await this.#split(
      [splitRow(job, suspect, { dueAt: Date.now(), attemptsMade: 0, crashes })],
      forgiven,
    );
    // So Redis has it from here on: a crash that is counted while we cannot reach it is one more
    // than this.
    if (isSplit) entry.lease.crashes = forgiven;
    return rest;
  }

  #terms(rows: readonly OpenRow[]): RowTerms {
    const { job, entry, handler, bullpen, shared, onStuck } = this.#parts;
    const isReadable = rows.every(({ payload }) => payload !== undefined);
    const malformed = isReadable ? bullpen.malformed : ['data'];
    return { job, entry, handler, expiresAt: bullpen.expiresAt, malformed, shared, onStuck };
  }

  #mustStop(): boolean {
    const { entry, shared } = this.#parts;
    return shared.active.draining || entry.lease.lost || entry.lease.lapsed || this.#acks.failed;
  }

  /** Of the job or its batch. */
  async #isCancelled(): Promise<boolean> {
    const stop = new AttemptStop();
    await this.#parts.shared.cancellations.stopIfNoted(this.#parts.entry, stop);
    return stop.reason !== undefined;
  }

  /** Attempts a row, or several by a handler of many; whether the next may be begun. */
  async #attempt(terms: RowTerms, rows: readonly OpenRow[]): Promise<boolean> {
    const { job, entry, shared, handler } = this.#parts;
    const row = new RowAttempt(terms, rows);
    entry.stop = row.stop;
    entry.started = true;
    entry.stuck = false;
    const running = runOwnedBy<Outcome | Outcome[]>(row, () =>
      rows.length === 1 ? attempt(row) : attemptRows(row, rows, handler),
    );
    const outcome = running instanceof Promise ? await running : running;
    const outcomes = Array.isArray(outcome) ? outcome : [outcome];
    row.outcome = outcomes[0]?.kind;
    const ends: EndedRow[] = [];
    for (const [at, end] of outcomes.entries()) {
      reportOutcome(shared, end, job, entry, (rows[at] as OpenRow).id, row.startedAt);
      if (end.kind !== 'interrupted') ends.push({ row: rows[at] as OpenRow, outcome: end });
    }
    if (entry.lease.lost) return false;
    if (ends.length > 0) await this.#settle(ends);
    if (ends.length < outcomes.length) return false;
    entry.started = false;
    return true;
  }

  /** Notes how rows ended; ends when Redis has it, or would not take it. */
  async #settle(ends: readonly EndedRow[]): Promise<void> {
    const { job, bullpen, handler, shared } = this.#parts;
    const notes: RowNote[] = [];
    const splits: SplitRow[] = [];
    for (const { row, outcome } of ends) {
      const payload = (): unknown => this.#stored(row);
      const end = { bullpen, row: row.row, job: job.name, payload, attempt: 1, maxAttempts: this.#maxAttempts };
      const note = rowNote(outcome, end);
      if (note !== undefined) notes.push(note);
      else if (outcome.kind === 'snoozed' || outcome.kind === 'failed') {
        splits.push(splitRow(job, { ...row, payload: payload() }, leavingBy(outcome, handler)));
      }
    }
    const isNoted = notes.length === 0 || this.#acks.write(notes);
    const isSplit = splits.length === 0 || this.#split(splits, undefined);
    if (!(await isNoted) || !(await isSplit)) return;
    for (const { outcome } of ends) shared.active.countRow(outcome.kind);
  }

  /** A row's payload as it was enqueued. */
  #stored({ place, payload }: OpenRow): unknown {
    if (payload === undefined) return undefined;
    this.#storedPayloads ??= storedData(this.#parts.job) as unknown[];
    return this.#storedPayloads[place];
  }

  #split(rows: readonly SplitRow[], crashes: number | undefined): Promise<boolean> {
    const { job, shared } = this.#parts;
    const terms = { ...{ name: job.name, timestamp: job.timestamp, priority: job.priority ?? 0 }, crashes };
    return this.#acks.carry(() => shared.books.splitRows(this.#job, rows, terms));
  }
}

function leavingBy(outcome: Outcome & { kind: 'snoozed' | 'failed' }, handler: Handler | undefined): Leaving {
  if (outcome.kind === 'snoozed') return { dueAt: outcome.untilAt, attemptsMade: 0, crashes: 0 };
  const waitMs = handler === undefined ? 0 : backoffDelayMs(handler.job.backoff, 1, Math.random());
  return { dueAt: Date.now() + waitMs, attemptsMade: 1, crashes: 0, error: outcome.error };
}

async function attemptRows(row: RowAttempt, rows: readonly OpenRow[], handler: Handler | undefined) {
  const ended = endedBefore(row);
  return ended !== undefined || handler?.many !== true
    ? rows.map(() => ended as Outcome)
    : attemptMany(row, rows, handler);
}
