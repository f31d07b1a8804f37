import { idForKey } from '@bullpen/shared/internal';
import { describe, expect, it } from 'vitest';
import { PageSize } from '../books/page-size.js';
import { keysOfJobs } from './row-keys.js';

const keying = { job: 'mail', keyField: 'id' };
const hash = (key: string): string => idForKey('mail', key).slice(-22);

describe('keysOfJobs', () => {
  it('gives the keys of single and shared jobs, in the order of their rows', () => {
    const jobs = ['b-x-1', '{"id":1}', 'b-x-2_4', '[{"id":"two"},{"no":"key"},{"id":4}]', 'b-x_1-5', '[{"id":5}]'];
    expect(keysOfJobs(jobs, keying)).toEqual({
      'b-x-1': [hash('1')],
      'b-x-2_4': [hash('two'), '', hash('4')],
      // A single row whose payload is a list has no key.
      'b-x_1-5': [''],
    });
  });

  it('does not stumble over what some other client wrote', () => {
    expect(keysOfJobs(['b-x-1', 'not JSON', 'b-x-2_3', '{}'], keying)).toEqual({ 'b-x-1': [''], 'b-x-2_3': [] });
  });
});

describe('PageSize', () => {
  it('grows to 500 while rows are small, and shrinks to one when they are not', () => {
    const size = new PageSize();
    expect(size.rows).toBe(16);
    for (let trip = 0; trip < 4; trip += 1) size.learn(size.rows, size.rows * 100);
    expect(size.rows).toBe(500);
    size.learn(500, 500 * 1_000_000);
    expect(size.rows).toBe(2);
    size.learn(2, 2 * 4_000_000);
    expect(size.rows).toBe(1);
    size.learn(1, 0);
    expect(size.rows).toBe(4);
  });
});
