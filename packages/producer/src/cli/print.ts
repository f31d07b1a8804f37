import Table from 'cli-table3';

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
  const table = new Table({ head: [...head], colAligns, style: { head: ['bold'], border: ['dim'] } });
  table.push(...rows.map((row) => [...row]));
  printLine(table.toString());
}

/** `1234567` as `1,234,567`. */
export function showCount(count: number): string {
  return count.toLocaleString('en-US');
}
