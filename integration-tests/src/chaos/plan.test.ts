import { describe, expect, test } from 'vitest';
import { FAULT_KINDS } from './fault.js';
import { makePlan } from './plan.js';

const plans = Array.from({ length: 200 }, (_, seed) => makePlan(seed + 1, FAULT_KINDS));

describe('makePlan', () => {
  test('the same seed makes the same plan, and another seed makes another plan', () => {
    expect(makePlan(7, FAULT_KINDS)).toEqual(makePlan(7, FAULT_KINDS));
    expect(makePlan(7, FAULT_KINDS)).not.toEqual(makePlan(8, FAULT_KINDS));
  });

  test('keys are unique, and every fault hits a worker that exists', () => {
    for (const { chunks, faults, workers } of plans) {
      const keys = chunks.flatMap(({ jobs }) => jobs.map(({ key }) => key));
      expect(new Set(keys).size).toBe(keys.length);
      expect(faults.every(({ slot }) => slot < workers)).toBe(true);
    }
  });

  test('the plans together have batches of each sort, and every row has a key of its own or is a duplicate', () => {
    const batches = plans.flatMap(({ batch }) => batch ?? []);
    for (const isKeyed of [true, false]) {
      expect(batches.some((batch) => batch.isKeyed === isKeyed && batch.cancelAfter !== undefined)).toBe(true);
      expect(batches.some((batch) => batch.isKeyed === isKeyed && batch.cancelAfter === undefined)).toBe(true);
    }
    expect([...new Set(batches.map(({ rowsPerJob }) => rowsPerJob))].sort((a, b) => a - b)).toEqual([1, 5, 20]);
    expect(new Set(batches.flatMap(({ rows }) => rows.map(({ how }) => how))).size).toBe(4);
    for (const { rows } of batches) {
      const own = rows.filter(({ how }) => how !== 'again').map(({ key }) => key);
      expect(new Set(own).size).toBe(own.length);
      for (const [at, row] of rows.entries()) {
        if (row.how === 'again') expect(rows.slice(0, at).map(({ key }) => key)).toContain(row.key);
      }
    }
  });

  test('the plans together have every kind of fault', () => {
    const kinds = new Set<string>(plans.flatMap(({ faults }) => faults.map(({ kind }) => kind)));
    const jobs = plans.flatMap(({ chunks }) => chunks.flatMap((chunk) => chunk.jobs));
    for (const { key } of jobs) if (key.endsWith('poison')) kinds.add(key);
    if (jobs.some(({ key, blockMs }) => blockMs > 0 && !key.startsWith('spin'))) kinds.add('block');
    if (plans.some(({ cancels }) => cancels.length > 0)) kinds.add('cancel');
    if (plans.some(({ batch }) => batch !== undefined)) kinds.add('batch');
    expect([...kinds].sort()).toEqual(FAULT_KINDS.filter((kind) => kind !== 'starved').sort());
  });

  test('a plan has only the kinds of fault that are allowed', () => {
    const { faults, chunks } = makePlan(3, ['term']);
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(['term']));
    expect(chunks.filter(({ kind, jobs }) => kind === 'poison' || jobs.some(({ blockMs }) => blockMs > 0))).toEqual([]);
  });
});
