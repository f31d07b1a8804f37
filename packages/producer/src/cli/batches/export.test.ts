import { describe, expect, it } from 'vitest';
import { formatFor } from './export.js';

describe('formatFor', () => {
  it('follows the name of the output, else the format of the source', () => {
    expect(formatFor('x.CSV', 'json', false)).toBe('csv');
    expect(formatFor('x.jsonl', 'csv', false)).toBe('ndjson');
    expect(formatFor('x', 'csv', true)).toBe('csv');
    expect(formatFor(undefined, 'csv', false)).toBe('csv');
    expect(formatFor(undefined, 'csv', true)).toBe('ndjson');
    expect(formatFor(undefined, 'json', false)).toBe('ndjson');
  });
});
