import { createRequire } from 'node:module';
import type Table from 'cli-table3';

const require = createRequire(import.meta.url);

/** Prints a line of the command's result. Nothing else goes to stdout. */
export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** How a table is printed. */
interface TableOptions {
  /** How many columns, from the left, are text; the others are figures. Default: 1. */
  readonly texts?: number;
  /**
   * Columns that a terminal leaves out when all their cells are this. People need no column whose
   * values are all alike; programs need every column.
   */
  readonly spare?: Readonly<Record<string, string>>;
}

/**
 * Prints rows: as a table on a terminal, as tab-separated lines in a pipe. On a narrow terminal the
 * table has no borders; on a narrower one each row is a block of lines.
 */
export function printTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { texts = 1, spare = {} }: TableOptions = {},
): void {
  if (!process.stdout.isTTY) {
    for (const row of [head, ...rows]) printLine(row.join('\t'));
    return;
  }
  const places = head.flatMap((name, at) => (rows.every((row) => row[at] === spare[name]) ? [] : [at]));
  const pick = (row: readonly string[]): string[] => places.map((at) => row[at] ?? '');
  drawTable(pick(head), rows.map(pick), places.filter((at) => at < texts).length);
}

function drawTable(head: readonly string[], rows: readonly (readonly string[])[], texts: number): void {
  const widths = head.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const cells = widths.reduce((sum, width) => sum + width, 0);
  const room = process.stdout.columns ?? 80;
  // Each cell has a space on either side, and a border around it.
  if (cells + 3 * head.length + 1 > room) {
    if (cells + 2 * (head.length - 1) > room) printBlocks(head, rows);
    else
      for (const row of [head, ...rows])
        printLine(row.map((cell, at) => pad(cell, widths[at] ?? 0, at < texts)).join('  '));
    return;
  }
  const colAligns = head.map((_, at) => (at < texts ? 'left' : 'right') as 'left' | 'right');
  // Loaded here, because only a terminal needs it.
  const TableOf = require('cli-table3') as typeof Table;
  const table = new TableOf({ head: [...head], colAligns, style: { head: ['bold'], border: ['dim'] } });
  table.push(...rows.map((row) => [...row]));
  printLine(table.toString());
}

const pad = (cell: string, width: number, isText: boolean): string =>
  isText ? cell.padEnd(width) : cell.padStart(width);

function printBlocks(head: readonly string[], rows: readonly (readonly string[])[]): void {
  for (const row of rows) {
    printFacts(head.map((name, at) => [name, row[at] ?? '']));
    printLine('');
  }
}

/** `1234567` as `1,234,567`. */
export function showCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Prints facts, one a line: aligned on a terminal, tab-separated in a pipe. */
export function printFacts(facts: readonly (readonly [name: string, value: string])[]): void {
  const width = Math.max(...facts.map(([name]) => name.length));
  for (const [name, value] of facts) {
    printLine(process.stdout.isTTY ? `${name.padEnd(width)}  ${value}` : `${name}\t${value}`);
  }
}

/** `1,234` on a terminal, `1234` in a pipe. */
export function showFigure(count: number): string {
  return process.stdout.isTTY ? showCount(count) : String(count);
}

/** `1 row`, `2,000 rows`. */
export function countOf(count: number, thing: string, things = `${thing}s`): string {
  return `${showCount(count)} ${count === 1 ? thing : things}`;
}
