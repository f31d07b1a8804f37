import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { printTable } from './print.js';

const [isTTY, columns] = ['isTTY', 'columns'].map((name) => Object.getOwnPropertyDescriptor(process.stdout, name));

afterEach(() => {
  vi.restoreAllMocks();
  for (const [name, was] of Object.entries({ isTTY, columns })) {
    Reflect.deleteProperty(process.stdout, name);
    if (was !== undefined) Object.defineProperty(process.stdout, name, was);
  }
});

/** What is printed of a table on a terminal of so many columns; in a pipe without. */
function printed(width: number | undefined, rejected = '0'): string {
  Object.defineProperties(process.stdout, {
    isTTY: { value: width !== undefined, configurable: true },
    columns: { value: width, configurable: true },
  });
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true).mockClear();
  const spare = { rejected: '0', stage: 'settled' };
  printTable(['batch', 'stage', 'read', 'rejected'], [['a', 'running', '1,234', rejected]], { texts: 2, spare });
  return stripVTControlCharacters(write.mock.calls.map(([text]) => text).join(''));
}

describe('printTable', () => {
  it('draws a table where there is room, text to the left and figures to the right', () => {
    expect(printed(27)).toContain('│ a     │ running │ 1,234 │');
    expect(printed(27)).toContain('│ batch │ stage   │  read │');
  });

  it('leaves out the borders where they do not fit', () => {
    expect(printed(26)).toBe('batch  stage     read\na      running  1,234\n');
    expect(printed(21)).toBe(printed(26));
  });

  it('prints a block of lines for each row where lines would be wrapped', () => {
    expect(printed(20)).toBe('batch  a\nstage  running\nread   1,234\n\n');
  });

  it('leaves out a column that says nothing, on a terminal', () => {
    expect(printed(40)).not.toContain('rejected');
    expect(printed(40, '1')).toContain('│ a     │ running │ 1,234 │        1 │');
  });

  it('prints tab-separated lines in a pipe, with every column', () => {
    expect(printed(undefined)).toBe('batch\tstage\tread\trejected\na\trunning\t1,234\t0\n');
  });
});
