import { createRequire } from 'node:module';
import type Table from 'cli-table3';

const require = createRequire(import.meta.url);

/** Prints a command's result: the only thing that goes to stdout. */
export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

/**
 * Rows as a table on a terminal, as tab-separated lines in a pipe. On a terminal that is too narrow
 * the table has no borders, and if that is not enough each row is a block of lines.
 * @param texts how many of the columns, from the left, are text and no figures
 */
export function printTable(head: readonly string[], rows: readonly (readonly (string | number)[])[], texts = 1): void {
  if (!process.stdout.isTTY) {
    for (const row of [head, ...rows]) printLine(row.join('\t'));
    return;
  }
  const widths = head.map((name, at) => Math.max(name.length, ...rows.map((row) => String(row[at]).length)));
  const cells = widths.reduce((sum, width) => sum + width, 0);
  const room = process.stdout.columns ?? 80;
  // A space on either side of each cell, and a border around it.
  if (cells + 3 * head.length + 1 > room) {
    if (cells + 2 * (head.length - 1) > room) printBlocks(head, rows);
    else
      for (const row of [head, ...rows])
        printLine(row.map((cell, at) => pad(cell, widths[at] ?? 0, at < texts)).join('  '));
    return;
  }
  const colAligns = head.map((_, at) => (at < texts ? 'left' : 'right') as 'left' | 'right');
  // Loaded when there is a terminal to draw on.
  const TableOf = require('cli-table3') as typeof Table;
  const table = new TableOf({ head: [...head], colAligns, style: { head: ['bold'], border: ['dim'] } });
  table.push(...rows.map((row) => [...row]));
  printLine(table.toString());
}

const pad = (cell: string | number, width: number, isText: boolean): string =>
  isText ? String(cell).padEnd(width) : String(cell).padStart(width);

function printBlocks(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  for (const row of rows) {
    printFacts(head.map((name, at) => [name, String(row[at])]));
    printLine('');
  }
}

/** `1234567` as `1,234,567`. */
export function showCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Facts, a line each: aligned on a terminal, name and value with a tab between in a pipe. */
export function printFacts(facts: readonly (readonly [name: string, value: string])[]): void {
  const width = Math.max(...facts.map(([name]) => name.length));
  for (const [name, value] of facts) {
    printLine(process.stdout.isTTY ? `${name.padEnd(width)}  ${value}` : `${name}\t${value}`);
  }
}

/** A count for people on a terminal, for programs in a pipe. */
export function showFigure(count: number): string {
  return process.stdout.isTTY ? showCount(count) : String(count);
}

/** `1 row`, `2,000 rows`. */
export function countOf(count: number, thing: string, things = `${thing}s`): string {
  return `${showCount(count)} ${count === 1 ? thing : things}`;
}
