import { JobCancelled } from '@bullpen/shared';
import { describeThrown, jsonElements } from '@bullpen/shared/internal';
import { attempt as attemptOnce, endedBefore } from '../attempt/attempt.js';
import { attemptMany } from '../attempt/attempt-many.js';
import type { Outcome } from '../attempt/outcome.js';
import { reportOutcome } from '../events/report-outcome.js';
import type { AnyHandler } from '../handlers/handler.js';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import type { ContextSource } from '../in-flight/attempt-context.js';
import { runOwnedBy } from '../in-flight/fault-owner.js';
import { seemsExpired } from '../in-flight/fetched-job.js';
import { hasRunOut } from '../in-flight/lease.js';
import type { WorkerDeps } from '../in-flight/worker-deps.js';
import { readOpenRows } from './open-rows.js';
import { type OpenRow, RowAttempt, type RowAttemptDeps } from './row-attempt.js';
import type { RowCalls } from './row-calls.js';
import type { RowJobs, SharedJob, SplitRow } from './row-jobs.js';
import { RowRecorder } from './row-recorder.js';
import { type EndedRow, settleOrSplit } from './settle-or-split.js';
import { splitRow } from './split-row.js';

/** What a {@link SharedAttempt} needs. */
export interface SharedAttemptDeps {
  readonly attempt: ActiveAttempt;
  readonly handler: AnyHandler | undefined;
  readonly worker: WorkerDeps;
  readonly rowCalls: RowCalls;
  readonly rowJobs: RowJobs;
  readonly onStuck: (stuck: ContextSource) => void;
}

/**
 * One attempt at a shared job. It attempts the rows one after the other, each as if it were a job
 * of its own, with its own deadline and outcome. The end of a row is in the books before the next
 * row begins. A row that must be attempted again (it failed, or snoozes) gets a job of its own, so
 * that the other rows do not wait for it. When the attempt has to stop, the job goes back to its
 * queue with the rows that are left.
 */
export class SharedAttempt {
  readonly #deps: SharedAttemptDeps;
  readonly #job: SharedJob;
  readonly #recorder: RowRecorder;
  /** The payloads as they were enqueued, as JSON; read when the first of them is needed. */
  #texts: readonly string[] | undefined;
  readonly #jsonOf = ({ place, payload }: OpenRow): string | undefined => {
    if (payload === undefined) return undefined;
    this.#texts ??= jsonElements(this.#deps.attempt.fetched.storedData);
    return this.#texts[place];
  };

  constructor(deps: SharedAttemptDeps) {
    const { attempt, worker, rowCalls } = deps;
    const { queue, jobId, batch = '', lease } = attempt;
    this.#deps = deps;
    this.#job = { queue, jobId, batch, lease };
    this.#recorder = new RowRecorder(this.#job, attempt, worker.recorder, rowCalls);
  }

  /**
   * Attempts the rows that are not done yet.
   * @returns true when all are settled or have jobs of their own; false when the job must be handed
   *   back; `undefined` when it is not ours any more
   */
  async run(): Promise<boolean | undefined> {
    const { attempt, handler, worker, rowJobs } = this.#deps;
    const open = await readOpenRows(attempt, worker.recorder, rowJobs);
    if (open === undefined) return undefined;
    const rows = await this.#splitOffSuspect(open);
    const rowDeps = this.#rowDeps(rows);
    const isAtOnce = handler?.many === true && attempt.lease.crashes === 0;
    let isDone = true;
    for (let at = 0; at < rows.length && isDone; at += isAtOnce ? rows.length : 1) {
      if (worker.cancellations.mayBeCancelled(attempt) && (await worker.cancellations.isCancelled(attempt))) {
        const outcome: Outcome = { kind: 'cancelled', error: describeThrown(new JobCancelled()) };
        await this.#record(rows.slice(at).map((row) => ({ row, outcome })));
        break;
      }
      if (seemsExpired(worker.clock, attempt.fetched, attempt.bullpen))
        await worker.clock.sync().catch(() => undefined);
      isDone = !this.#mustStop() && (await this.#attempt(rowDeps, isAtOnce ? rows : [rows[at] as OpenRow]));
    }
    return attempt.lease.lost || this.#recorder.failed ? undefined : isDone;
  }

  /**
   * After a process died under this job, the row that ran then (the first open one) gets a job of
   * its own, and the crash counts for that row alone. A handler of many had all rows at once: then
   * the rows are first attempted one by one, and the next crash shows which row it was.
   */
  async #splitOffSuspect(open: OpenRow[]): Promise<OpenRow[]> {
    const { attempt, handler, worker } = this.#deps;
    const { crashes } = attempt.lease;
    const [suspect, ...rest] = open;
    if (suspect === undefined || crashes <= crashesKept(handler)) return open;
    const row = { row: suspect.row, json: this.#jsonOf(suspect) };
    const isSplit = await this.#split(
      [splitRow(attempt, row, { due: { inMs: 0 }, attemptsMade: 0, crashes, isSuspect: true })],
      crashesKept(handler),
    );
    if (!isSplit) return rest;
    // Redis has this number now. A crash that it counts while we cannot reach it comes on top.
    attempt.lease.crashes = crashesKept(handler);
    worker.trials.acquit(attempt);
    return rest;
  }

  #rowDeps(rows: readonly OpenRow[]): RowAttemptDeps {
    const { attempt, handler, worker, onStuck } = this.#deps;
    const isWellFormed = rows.every(({ payload }) => payload !== undefined);
    return { attempt, handler, malformed: isWellFormed ? attempt.bullpen.malformed : ['data'], worker, onStuck };
  }

  #mustStop(): boolean {
    const { attempt, worker } = this.#deps;
    const { lease } = attempt;
    if (worker.active.draining || lease.lost || hasRunOut(lease)) return true;
    return this.#recorder.failed || worker.trials.mustMakeWay(attempt);
  }

  /**
   * Attempts one row, or all by a handler of many.
   * @returns whether the next row may begin
   */
  async #attempt(rowDeps: RowAttemptDeps, rows: readonly OpenRow[]): Promise<boolean> {
    const { attempt, worker, handler } = this.#deps;
    const row = new RowAttempt(rowDeps, rows);
    attempt.startRow(row.stop);
    const running = runOwnedBy<Outcome | Outcome[]>(row, worker.inContext, () =>
      rows.length === 1 ? attemptOnce(row) : attemptRows(row, rows, handler),
    );
    const outcome = running instanceof Promise ? await running : running;
    const outcomes = Array.isArray(outcome) ? outcome : [outcome];
    row.outcome = outcomes[0]?.kind;
    const ended: EndedRow[] = [];
    for (const [at, end] of outcomes.entries()) {
      reportOutcome(worker, end, attempt, row.startedAt, (rows[at] as OpenRow).id);
      if (end.kind !== 'interrupted') ended.push({ row: rows[at] as OpenRow, outcome: end });
    }
    if (attempt.lease.lost) return false;
    if (ended.length > 0) {
      // The rows that ran when a process died were these, the first ones.
      worker.trials.acquit(attempt);
      await this.#record(ended);
    }
    if (ended.length < outcomes.length) return false;
    attempt.endRow();
    return true;
  }

  /** Records how rows ended. Resolves when Redis has it, or refuses. */
  async #record(ended: readonly EndedRow[]): Promise<void> {
    const { attempt, handler, worker } = this.#deps;
    const { notes, splits } = settleOrSplit(ended, attempt, handler, this.#jsonOf);
    const isNoted = notes.length === 0 || this.#recorder.record(notes);
    const isSplit = splits === undefined || this.#split(splits, undefined);
    if (!(await isNoted) || !(await isSplit)) return;
    for (const { outcome } of ended) worker.active.countRow(outcome.kind);
  }

  #split(rows: readonly SplitRow[], crashes: number | undefined): Promise<boolean> {
    const { attempt, rowJobs } = this.#deps;
    const { name, timestamp, priority = 0 } = attempt.fetched;
    return this.#recorder.write(() => rowJobs.splitRows(this.#job, rows, { name, timestamp, priority, crashes }));
  }
}

/**
 * How many crashes stay with a shared job: the first process that dies under a handler of many does
 * not show which row it was.
 */
export const crashesKept = (handler: AnyHandler | undefined): number => (handler?.many === true ? 1 : 0);

async function attemptRows(row: RowAttempt, rows: readonly OpenRow[], handler: AnyHandler | undefined) {
  const ended = endedBefore(row);
  return ended !== undefined || handler?.many !== true
    ? rows.map(() => ended as Outcome)
    : attemptMany(row, rows, handler);
}
