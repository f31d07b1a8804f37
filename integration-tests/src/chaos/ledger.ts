import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/**
 * One line of the ledger, by the host's clock: what a handler really did, told by the handler
 * itself, outside the queue.
 *
 * - `start`, and then one of `end` (ran to its end), `threw` (as planned), `left` (stopped because
 *   its signal fired), or nothing
 * - `aborted`: its signal fired, whether it heeds it or not
 * - `blocking`: the event loop will be kept busy, until `until`; `blocked`: it was; `poison`: the
 *   process is about to kill itself. `reason` says which kind of fault it is
 * - `starved`: no handler's: the process noticed that its event loop stood still, from `since`
 */
export interface LedgerLine {
  readonly event: 'start' | 'end' | 'threw' | 'left' | 'aborted' | 'blocking' | 'blocked' | 'poison' | 'starved';
  readonly pid: number;
  readonly at: number;
  readonly since?: number;
  readonly until?: number;
  /** Names one call of one handler. */
  readonly run?: string;
  readonly jobId?: string;
  /** The job's key, by its payload. */
  readonly key?: string;
  readonly attempt?: number;
  readonly reason?: string;
}

/**
 * One write per line to a file opened for appending: lines of several processes do not mix, and a
 * kill leaves whole lines.
 */
export function appendLine(path: string, line: object): void {
  appendFileSync(path, `${JSON.stringify(line)}\n`);
}

/**
 * The lines of a file written by {@link appendLine}; other lines are skipped. Empty when the file
 * does not exist.
 */
export function readLines<T>(path: string): T[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line) as T] : []));
}

/** How many handlers of a process were running at an instant. */
export function openRuns(lines: readonly LedgerLine[], pid: number, at: number): number {
  let open = 0;
  for (const line of lines) {
    if (line.pid !== pid || line.at > at) continue;
    if (line.event === 'start') open += 1;
    if (line.event === 'end' || line.event === 'threw' || line.event === 'left') open -= 1;
  }
  return open;
}
