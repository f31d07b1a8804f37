import { JobCancelled } from '@bullpen/shared';
import { backoffDelayMs, describeThrown, expandRows, idForRow } from '@bullpen/shared/internal';
import { attempt as attemptOnce, endedBefore } from '../attempt/attempt.js';
import { attemptMany } from '../attempt/attempt-many.js';
import { AttemptStop } from '../attempt/attempt-stop.js';
import type { Outcome } from '../attempt/outcome.js';
import { type RowNote, rowNote } from '../attempt/row-note.js';
import { reportOutcome } from '../events/report-outcome.js';
import type { Handler } from '../handlers/handler.js';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import type { Attempted } from '../in-flight/attempt-context.js';
import { runOwnedBy } from '../in-flight/fault-owner.js';
import { storedPayload } from '../in-flight/fetched-job.js';
import type { WorkerDeps } from '../in-flight/worker-deps.js';
import { type OpenRow, RowAttempt, type RowAttemptDeps } from './row-attempt.js';
import type { RowCalls } from './row-calls.js';
import type { RowJobs, SharedJob, SplitRow } from './row-jobs.js';
import { RowRecorder } from './row-recorder.js';
import { type Leaving, splitRow } from './split-row.js';

/** What a {@link SharedAttempt} needs. */
export interface SharedAttemptDeps {
  readonly attempt: ActiveAttempt;
  readonly handler: Handler | undefined;
  readonly shared: WorkerDeps;
  readonly rowCalls: RowCalls;
  readonly rowJobs: RowJobs;
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
  readonly #deps: SharedAttemptDeps;
  readonly #job: SharedJob;
  readonly #recorder: RowRecorder;
  /** Read again when the first of them is asked for. */
  #storedPayloads: unknown[] | undefined;

  constructor(deps: SharedAttemptDeps) {
    const { attempt, shared, rowCalls } = deps;
    const { queue, jobId, batch = '', lease } = attempt;
    this.#deps = deps;
    this.#job = { queue, jobId, batch, lease };
    this.#recorder = new RowRecorder(this.#job, attempt, shared.recorder, rowCalls);
  }

  /**
   * Attempts the rows that are still to be done.
   * @returns whether all are settled, or on their way in jobs of their own; otherwise the job is to
   *   be handed back. `undefined`: it is not ours any more
   */
  async run(): Promise<boolean | undefined> {
    const { attempt, handler, shared } = this.#deps;
    const open = await this.#openRows();
    if (open === undefined) return undefined;
    const rows = await this.#withoutSuspect(open);
    const rowDeps = this.#rowDeps(rows);
    const together = handler?.many === true && attempt.lease.crashes === 0;
    let done = true;
    for (let at = 0; at < rows.length && done; at += together ? rows.length : 1) {
      if (shared.cancellations.suspects(attempt) && (await this.#isCancelled())) {
        const outcome: Outcome = { kind: 'cancelled', error: describeThrown(new JobCancelled()) };
        await this.#settle(rows.slice(at).map((row) => ({ row, outcome })));
        break;
      }
      done = !this.#mustStop() && (await this.#attempt(rowDeps, together ? rows : [rows[at] as OpenRow]));
    }
    return attempt.lease.lost || this.#recorder.failed ? undefined : done;
  }

  /**
   * The rows that are not done yet; a job that was fetched before may have some of them behind it.
   * `undefined` when Redis does not say.
   */
  async #openRows(): Promise<OpenRow[] | undefined> {
    const { attempt, shared, rowJobs } = this.#deps;
    const { batch } = this.#job;
    const numbers = expandRows(attempt.bullpen.rows ?? []);
    const { data } = attempt.fetched;
    const payloads = Array.isArray(data) && data.length === numbers.length ? data : undefined;
    const rows = numbers.map((row, place) => ({
      row,
      id: idForRow(batch, row),
      place,
      payload: payloads?.[place],
    }));
    if (attempt.lease.fetches <= 1) return rows;
    const carried = await shared.recorder.carry(attempt, () => rowJobs.openRows(attempt.queue, batch, numbers));
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
    const { attempt, handler } = this.#deps;
    const { crashes } = attempt.lease;
    const forgiven = handler?.many === true ? 1 : 0;
    const [suspect, ...rest] = open;
    if (suspect === undefined || crashes <= forgiven) return open;
    const isSplit = await this.#split(
      [splitRow(attempt, suspect, { dueAt: Date.now(), attemptsMade: 0, crashes })],
      forgiven,
    );
    // So Redis has it from here on: a crash that is counted while we cannot reach it is one more
    // than this.
    if (isSplit) attempt.lease.crashes = forgiven;
    return rest;
  }

  #rowDeps(rows: readonly OpenRow[]): RowAttemptDeps {
    const { attempt, handler, shared, onStuck } = this.#deps;
    const isWellFormed = rows.every(({ payload }) => payload !== undefined);
    return { attempt, handler, malformed: isWellFormed ? attempt.bullpen.malformed : ['data'], shared, onStuck };
  }

  #mustStop(): boolean {
    const { attempt, shared } = this.#deps;
    return shared.active.draining || attempt.lease.lost || attempt.lease.lapsed || this.#recorder.failed;
  }

  /** Of the job or its batch. */
  async #isCancelled(): Promise<boolean> {
    const stop = new AttemptStop();
    await this.#deps.shared.cancellations.stopIfNoted(this.#deps.attempt, stop);
    return stop.reason !== undefined;
  }

  /** Attempts a row, or several by a handler of many; whether the next may be begun. */
  async #attempt(rowDeps: RowAttemptDeps, rows: readonly OpenRow[]): Promise<boolean> {
    const { attempt, shared, handler } = this.#deps;
    const row = new RowAttempt(rowDeps, rows);
    attempt.startRow(row.stop);
    const running = runOwnedBy<Outcome | Outcome[]>(row, () =>
      rows.length === 1 ? attemptOnce(row) : attemptRows(row, rows, handler),
    );
    const outcome = running instanceof Promise ? await running : running;
    const outcomes = Array.isArray(outcome) ? outcome : [outcome];
    row.outcome = outcomes[0]?.kind;
    const ends: EndedRow[] = [];
    for (const [at, end] of outcomes.entries()) {
      reportOutcome(shared, end, attempt, row.startedAt, (rows[at] as OpenRow).id);
      if (end.kind !== 'interrupted') ends.push({ row: rows[at] as OpenRow, outcome: end });
    }
    if (attempt.lease.lost) return false;
    if (ends.length > 0) await this.#settle(ends);
    if (ends.length < outcomes.length) return false;
    attempt.endRow();
    return true;
  }

  /** Notes how rows ended; ends when Redis has it, or would not take it. */
  async #settle(ends: readonly EndedRow[]): Promise<void> {
    const { attempt, handler, shared } = this.#deps;
    const { bullpen, job, maxAttempts } = attempt;
    const notes: RowNote[] = [];
    const splits: SplitRow[] = [];
    for (const { row, outcome } of ends) {
      const payload = (): unknown => this.#stored(row);
      const end = { bullpen, row: row.row, job, payload, attempt: 1, maxAttempts };
      const note = rowNote(outcome, end);
      if (note !== undefined) notes.push(note);
      else if (outcome.kind === 'snoozed' || outcome.kind === 'failed') {
        splits.push(splitRow(attempt, { ...row, payload: payload() }, leavingBy(outcome, handler)));
      }
    }
    const isNoted = notes.length === 0 || this.#recorder.write(notes);
    const isSplit = splits.length === 0 || this.#split(splits, undefined);
    if (!(await isNoted) || !(await isSplit)) return;
    for (const { outcome } of ends) shared.active.countRow(outcome.kind);
  }

  /** A row's payload as it was enqueued. */
  #stored({ place, payload }: OpenRow): unknown {
    if (payload === undefined) return undefined;
    this.#storedPayloads ??= storedPayload(this.#deps.attempt.fetched) as unknown[];
    return this.#storedPayloads[place];
  }

  #split(rows: readonly SplitRow[], crashes: number | undefined): Promise<boolean> {
    const { attempt, rowJobs } = this.#deps;
    const { name, timestamp, priority = 0 } = attempt.fetched;
    return this.#recorder.carry(() => rowJobs.splitRows(this.#job, rows, { name, timestamp, priority, crashes }));
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
