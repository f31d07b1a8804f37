import { createRequire } from 'node:module';
import type Table from 'cli-table3';

const require = createRequire(import.meta.url);

/** Prints a command's result: the only thing that goes to stdout. */
export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Rows as a table on a terminal, as tab-separated lines in a pipe. */
export function printTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  if (!process.stdout.isTTY) {
    for (const row of [head, ...rows]) printLine(row.join('\t'));
    return;
  }
  const colAligns = head.map((_, at) => (at === 0 ? 'left' : 'right') as 'left' | 'right');
  // Loaded when there is a terminal to draw on.
  const TableOf = require('cli-table3') as typeof Table;
  const table = new TableOf({ head: [...head], colAligns, style: { head: ['bold'], border: ['dim'] } });
  table.push(...rows.map((row) => [...row]));
  printLine(table.toString());
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
