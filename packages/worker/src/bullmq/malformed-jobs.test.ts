import type { Logger } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import type { JobFields } from './held-job.js';
import { MalformedJobs } from './malformed-jobs.js';

/** What becomes of job j-1, which this worker has under token t1; what was written and logged. */
function repairing(fields: JobFields, answer: Promise<unknown> = Promise.resolve()) {
  const written: unknown[][] = [];
  const lines: unknown[][] = [];
  const redis = {
    bullpenRewrite(...args: unknown[]) {
      written.push(args);
      return answer as Promise<0 | 1>;
    },
  };
  const log = { error: (...args: unknown[]) => void lines.push(args) } as unknown as Logger;
  const malformedJobs = new MalformedJobs({ redis, prefix: 'p', queue: 'mail', log });
  return { repaired: malformedJobs.repaired('j-1', 't1', fields), written, lines };
}

/** What is written instead of malformed fields. It is also what the worker goes on with. */
function rewritten(fields: JobFields): Record<string, unknown> {
  const { repaired, written } = repairing(fields);
  const [lock, job, token, ...pairs] = written[0] ?? [];
  expect([lock, job, token]).toEqual(['p:mail:j-1:lock', 'p:mail:j-1', 't1']);
  const texts = Object.fromEntries(pairs.flatMap((name, at) => (at % 2 === 0 ? [[name, pairs[at + 1]]] : [])));
  expect(repaired).toEqual({ ...fields, ...texts });
  return { ...texts, opts: JSON.parse(texts['opts'] as string) };
}

const OPTS = { attempts: 3, bullpen: { batch: 'b', row: 7 } };

describe('MalformedJobs', () => {
  it('keeps the text of a malformed field for people, and everything else as it was', () => {
    expect(rewritten({ name: 'x', data: '{"a":', opts: JSON.stringify(OPTS), progress: '50' })).toEqual({
      data: 'null',
      opts: { attempts: 3, bullpen: { batch: 'b', row: 7, malformed: { data: '{"a":' } } },
    });
  });

  it.each(['', '{', 'null', '7', '"text"', 'undefined'])(
    'treats opts of %j as malformed, unless they are empty',
    (opts) => {
      if (opts === '') return expect(repairing({ data: '{}', opts }).written).toEqual([]);
      expect(rewritten({ data: '{}', opts })).toEqual({ opts: { bullpen: { malformed: { opts } } } });
    },
  );

  it('removes a parent that is not JSON: BullMQ’s scripts could read no replacement', () => {
    expect(rewritten({ data: '{}', opts: '{}', progress: '50%', parent: 'p' })).toEqual({
      ...{ progress: '0', parent: '' },
      opts: { bullpen: { malformed: { progress: '50%', parent: 'p' } } },
    });
  });

  it('replaces Bullpen’s part of the opts when it is no object', () => {
    expect(rewritten({ data: 'x', opts: '{"bullpen":"x"}' })).toEqual({
      data: 'null',
      opts: { bullpen: { malformed: { data: 'x' } } },
    });
  });

  it('logs which job and which fields', () => {
    const { lines } = repairing({ data: '{', opts: '{' });
    expect(lines).toEqual([[{ jobId: 'j-1', queue: 'mail', fields: ['data', 'opts'] }, 'job was malformed']]);
  });

  it('leaves a well-formed job as it is', () => {
    const fields = { data: '[1]', opts: '{}' };
    const { repaired, written, lines } = repairing(fields);
    expect([repaired, written, lines]).toEqual([fields, [], []]);
  });

  it('goes on when Redis does not take it: the end of the job will say so', async () => {
    const { repaired } = repairing({ data: '{' }, Promise.reject(new Error('READONLY')));
    expect(repaired['data']).toBe('null');
    // A rejection that nobody handles fails the test run.
    await new Promise(setImmediate);
  });
});
