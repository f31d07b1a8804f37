import { styleText } from 'node:util';
import Table from 'cli-table3';
import type { Verdict } from './verdict.js';

/** Prints the story line by line, each with the time since the start. */
export interface Narrator {
  tell(line: string): void;
  /** A second line that belongs to the one before. */
  add(line: string): void;
}

/** Starts the clock. */
export function startNarrator(): Narrator {
  const startedAt = performance.now();
  const print = (time: string, line: string): void => printLine(`${styleText('dim', time.padStart(7))}  ${line}`);
  return {
    tell: (line) => print(`${((performance.now() - startedAt) / 1_000).toFixed(1)} s`, line),
    add: (line) => print('', styleText('dim', line)),
  };
}

// Control sequences around a line.
const CLEAR_BELOW = '\r\u001B[J';
const SAVE_CURSOR = '\u001B7';
const SHOW_CURSOR = '\u001B[?25h';

/** Prints a line. If the producer's progress bar is on that line, the bar moves below it. */
export function printLine(text: string): void {
  // The bar saved the cursor where it began and goes back there at its end. This line is there now,
  // so save the cursor again below it.
  process.stdout.write(process.stdout.isTTY ? `${CLEAR_BELOW}${text}\n${SAVE_CURSOR}` : `${text}\n`);
}

/** Shows the cursor again: a progress bar hides it, and a killed one leaves it hidden. */
export function showCursor(): void {
  if (process.stdout.isTTY) process.stdout.write(SHOW_CURSOR);
}

/** Prints a note that is not part of the story. */
export function printNote(text: string): void {
  for (const line of text.match(/.{1,76}(?= |$)|\S+/g) ?? []) printLine(styleText('dim', `  ${line.trim()}`));
}

/** `1234` as `1,234`. */
export const showCount = (count: number): string => count.toLocaleString('en-US');

/** `812` as `0.81 s`. */
export const showSeconds = (durationMs: number): string => `${(durationMs / 1_000).toFixed(2)} s`;

/** Prints the fate of the rows, by the receiver's own books. */
export function printVerdict(verdict: Verdict, killed: string): void {
  const table = new Table({
    head: ["By the receiver's own books", 'rows'],
    colAligns: ['left', 'right'],
    style: { head: [], border: [] },
    // No lines between rows.
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  table.push(
    ['in the file', showCount(verdict.rows)],
    ['delivered', showCount(verdict.delivered)],
    ['  not at once: 500, 503 or a broken connection came first', showCount(verdict.atFirstFailed)],
    [`  again: ${killed} was killed before it could record them`, showCount(verdict.againAfterKill)],
    ['  again: the connection broke before the answer', showCount(verdict.againAfterLostAnswer)],
    ['rejected: the shop has closed, 410 Gone', showCount(verdict.rejected)],
    [styleText('bold', 'lost'), styleText('bold', showCount(verdict.lost.length))],
  );
  printLine('');
  printLine(table.toString());
}

/** Prints the end of the story: all is well, or everything that is wrong. */
export function printEnd(faults: readonly string[]): void {
  if (faults.length === 0) {
    printLine(styleText('green', 'No row was lost. What came again came with the same webhook-id.'));
    return;
  }
  for (const fault of faults) printLine(styleText('red', `wrong: ${fault}`));
}
