import { describe, expect, it } from 'vitest';
import { fetchedJob } from '../../test/fetched-job.js';
import { splitRow } from './split-row.js';

const bullpen = { batch: 'b1', rows: [5, 9], keyField: 'id', results: true, expiresAt: 1_900_000_000_000 };
const attempt = { fetched: fetchedJob({ opts: { attempts: 3, priority: 2, bullpen } }), maxAttempts: 3 };
const row = { row: 7, json: '{"id":12345678901234567890, "nested":[1e400]}' };
const error = { name: 'TypeError', message: 'no such file', stack: undefined, code: undefined };

describe('splitRow', () => {
  it('gives a row its payload as it was enqueued, and the options of its shared job without the other rows', () => {
    const { data, opts } = splitRow(attempt, row, { due: { inMs: 5 }, attemptsMade: 0, crashes: 0 });
    expect(data).toBe(row.json);
    const { rows: _, ...ofRow } = bullpen;
    expect(JSON.parse(opts)).toEqual({ attempts: 3, priority: 2, bullpen: ofRow });
  });

  it('says when it is due, how many attempts and crashes it had, and why its attempt failed', () => {
    expect(splitRow(attempt, row, { due: { inMs: 5 }, attemptsMade: 1, crashes: 0, error })).toMatchObject({
      ...{ row: 7, due: { inMs: 5 }, attemptsMade: 1, crashes: 0, failure: 'TypeError: no such file' },
    });
    expect(splitRow(attempt, row, { due: { inMs: 5 }, attemptsMade: 0, crashes: 2 })).toMatchObject({
      crashes: 2,
      failure: '',
    });
  });

  it('makes a row a suspect when a process died under it', () => {
    const fetched = fetchedJob({ suspectMs: 2_000 });
    const start = { due: { inMs: 5 }, attemptsMade: 0, crashes: 1 };
    const suspectMsOf = (isSuspect: boolean) =>
      splitRow({ fetched, maxAttempts: 3 }, row, { ...start, isSuspect }).suspectMs;
    expect([suspectMsOf(true), suspectMsOf(false)]).toEqual([2_000, '']);
  });

  it('works without options of ours', () => {
    const plain = { fetched: fetchedJob({ opts: { attempts: 3 } }), maxAttempts: 3 };
    expect(splitRow(plain, row, { due: { inMs: 5 }, attemptsMade: 0, crashes: 0 }).opts).toBe(
      '{"attempts":3,"bullpen":{}}',
    );
  });
});
