import { CANCELLED_FAILURE } from '@bullpen/shared/internal';
import { describe, expect, it } from 'vitest';
import { heldJob } from '../../test/held-job.js';
import { type FetchedBy, fieldsAfterFetch, isPlain, isWellFormed, type JobFields, toFetchedJob } from './held-job.js';

const by: FetchedBy = { queue: 'mail', token: 'w:1', worker: 'w1', fetchedAt: 1_700_000_000_123 };
const FIELDS = { name: 'mail.send', data: '{"to":"x"}', opts: '{"attempts":3}', timestamp: '1700000000000', ats: '1' };

/** The job that a fetch makes of these fields. */
const fetchedOf = (fields: JobFields) =>
  toFetchedJob('j-1', fieldsAfterFetch(Object.entries(fields).flat() as string[], by), by);

describe('fieldsAfterFetch', () => {
  it('are those before the fetch, and what the fetch writes', () => {
    expect(fieldsAfterFetch(['name', 'mail.send', 'data', '{}'], by)).toEqual({
      ...{ name: 'mail.send', data: '{}', processedOn: '1700000000123', pb: 'w1', ats: '1' },
    });
  });

  it('count the fetch, and name this worker instead of the last one', () => {
    const fields = fieldsAfterFetch(['ats', '9', 'pb', 'w0', 'processedOn', '5'], by);
    expect(fields).toEqual({ ats: '10', pb: 'w1', processedOn: '1700000000123' });
  });
});

describe('toFetchedJob', () => {
  it('reads the fields of a job at its first fetch', () => {
    expect(fetchedOf({ ...FIELDS, ats: undefined as never })).toEqual({
      ...{ queue: 'mail', id: 'j-1', name: 'mail.send', hasName: true, data: { to: 'x' }, storedData: '{"to":"x"}' },
      ...{ opts: { attempts: 3 }, token: 'w:1', timestamp: 1_700_000_000_000, priority: Number.NaN },
      ...{ fetchedAt: by.fetchedAt, worker: 'w1', attemptsMade: 0, fetches: 1, crashes: 0, cancelled: false },
      suspectMs: undefined,
    });
  });

  it('reads how often it was fetched, attempted, and had its process die', () => {
    expect(fetchedOf({ ...FIELDS, ats: '6', atm: '2', stc: '1', priority: '4' })).toMatchObject({
      ...{ fetches: 7, attemptsMade: 2, crashes: 1, priority: 4 },
    });
  });

  it('reads attempts that an old version of BullMQ has counted', () => {
    expect(fetchedOf({ ...FIELDS, attemptsMade: '2' }).attemptsMade).toBe(2);
    expect(fetchedOf({ ...FIELDS, attemptsMade: '', atm: '1' }).attemptsMade).toBe(1);
  });

  it('reads that it was cancelled, which is not any other decision that it fails', () => {
    expect(fetchedOf({ ...FIELDS, defa: CANCELLED_FAILURE }).cancelled).toBe(true);
    expect(fetchedOf({ ...FIELDS, defa: 'child j-0 failed' }).cancelled).toBe(false);
  });

  it('reads how long a suspect had run', () => {
    expect(fetchedOf({ ...FIELDS, 'bullpen.suspect': '2000' }).suspectMs).toBe(2_000);
  });

  it('keeps the payload as it was written', () => {
    expect(fetchedOf({ ...FIELDS, data: '{"id":12345678901234567890,"n":1e400}' }).storedData).toBe(
      '{"id":12345678901234567890,"n":1e400}',
    );
  });

  it('takes missing fields as BullMQ does', () => {
    expect(fetchedOf({})).toMatchObject({ name: '', hasName: false, data: {}, storedData: '{}', opts: {} });
    expect(fetchedOf({ data: '', opts: '' })).toMatchObject({ data: {}, storedData: '{}', opts: {} });
  });

  it.each(['data', 'opts'])('throws when the %s is not JSON', (field) => {
    expect(() => fetchedOf({ ...FIELDS, [field]: '{' })).toThrow(SyntaxError);
  });
});

describe('isWellFormed', () => {
  it.each<[JobFields, boolean]>([
    [{}, true],
    [{ progress: '0', parent: '' }, true],
    [{ progress: '{"half":true}', parent: '{"id":"p"}' }, true],
    [{ opts: 'null' }, false],
    [{ opts: '7' }, false],
  ])('of %j: %s', (more, expected) => {
    const fields = { ...FIELDS, ...more };
    expect(isWellFormed(fetchedOf(fields), fields)).toBe(expected);
  });

  it.each([{ progress: '50%' }, { parent: 'p' }])('throws when %j is not JSON', (more) => {
    const fields = { ...FIELDS, ...more };
    expect(() => isWellFormed(fetchedOf(fields), fields)).toThrow(SyntaxError);
  });
});

describe('isPlain', () => {
  it.each<[string, JobFields]>([
    ['is part of a flow', { parentKey: 'p:mail:1' }],
    ['is deduplicated', { deid: 'd' }],
    ['is a job scheduler’s', { rjk: 'r' }],
  ])('is false for a job that %s, also for a row', (_, fields) => {
    expect(isPlain(heldJob({}, { fields }))).toBe(false);
    expect(isPlain(heldJob({ opts: { bullpen: { batch: 'b1' } } }, { fields }))).toBe(false);
  });

  it('is false for a job of which its client wants something else to be kept, and true for such a row', () => {
    for (const removeOnComplete of [true, false, 5, { age: 60 }]) {
      expect(isPlain(heldJob({ opts: { removeOnComplete } }))).toBe(false);
      expect(isPlain(heldJob({ opts: { removeOnComplete, bullpen: { batch: 'b1' } } }))).toBe(true);
    }
  });

  it('is true for any other job', () => {
    expect(isPlain(heldJob({}, { fields: FIELDS }))).toBe(true);
  });
});
