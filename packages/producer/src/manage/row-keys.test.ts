import { hashKey } from '@bullpen/shared/internal';
import { describe, expect, it } from 'vitest';
import { readRowKeys } from './row-keys.js';

const options = { job: 'mail', keyField: 'id' };
const hash = (key: string): string => hashKey('mail', key);

describe('readRowKeys', () => {
  it('returns the hashed keys of single and shared jobs, in the order of their rows', () => {
    const jobs = ['b-x-1', '{"id":1}', 'b-x-2_4', '[{"id":"two"},{"no":"key"},{"id":4}]', 'b-x_1-5', '[{"id":5}]'];
    expect(readRowKeys(jobs, options)).toEqual({
      'b-x-1': [hash('1')],
      'b-x-2_4': [hash('two'), '', hash('4')],
      // A single row whose payload is a list has no key.
      'b-x_1-5': [''],
    });
  });

  it('accepts whatever another client wrote', () => {
    expect(readRowKeys(['b-x-1', 'not JSON', 'b-x-2_3', '{}'], options)).toEqual({ 'b-x-1': [''], 'b-x-2_3': [] });
  });
});
