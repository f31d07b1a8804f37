import type { Logger } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import type { ScriptedRedis } from '../redis/commands.js';
import { MalformedJobs } from './malformed-jobs.js';

/**
 * A Redis that gave this worker job j-1 with these fields under token t1; and what was written to
 * it and logged.
 */
function storedWith(fields: Record<string, string>) {
  const written: unknown[][] = [];
  const lines: unknown[][] = [];
  const redis = {
    bullpenFetchedBy: async () => [
      ['j-0', 't0', '1'],
      ['j-1', 't1', '1'],
    ],
    hgetall: async () => fields,
    bullpenRewrite: async (...args: unknown[]) => void written.push(args),
  } as unknown as ScriptedRedis;
  const log = { error: (...args: unknown[]) => void lines.push(args) } as unknown as Logger;
  return { malformed: new MalformedJobs({ redis, prefix: 'p', queue: 'mail', name: 'w1', log }), written, lines };
}

/** What is written instead of malformed fields. */
async function rewritten(fields: Record<string, string>): Promise<Record<string, unknown>> {
  const { malformed, written } = storedWith(fields);
  await malformed.makeParsable('t1');
  const [lock, job, token, ...pairs] = written[0] ?? [];
  expect([lock, job, token]).toEqual(['p:mail:j-1:lock', 'p:mail:j-1', 't1']);
  const texts = Object.fromEntries(pairs.flatMap((name, at) => (at % 2 === 0 ? [[name, pairs[at + 1]]] : [])));
  return { ...texts, opts: JSON.parse(texts['opts'] as string) };
}

const OPTS = { attempts: 3, bullpen: { batch: 'b', row: 7 } };

describe('MalformedJobs', () => {
  it('keeps the text of a malformed field for people, and everything else as it was', async () => {
    expect(await rewritten({ name: 'x', data: '{"a":', opts: JSON.stringify(OPTS), progress: '50' })).toEqual({
      data: 'null',
      opts: { attempts: 3, bullpen: { batch: 'b', row: 7, malformed: { data: '{"a":' } } },
    });
  });

  it.each(['', '{', 'null', '7', '"text"', 'undefined'])(
    'treats opts of %j as malformed, unless they are empty',
    async (opts) => {
      const { malformed, written } = storedWith({ data: '{}', opts });
      await malformed.makeParsable('t1');
      if (opts === '') return expect(written).toEqual([]);
      expect(await rewritten({ data: '{}', opts })).toEqual({ opts: { bullpen: { malformed: { opts } } } });
    },
  );

  it('removes a parent that is not JSON: BullMQ’s scripts could read no replacement', async () => {
    expect(await rewritten({ data: '{}', opts: '{}', progress: '50%', parent: 'p' })).toEqual({
      ...{ progress: '0', parent: '' },
      opts: { bullpen: { malformed: { progress: '50%', parent: 'p' } } },
    });
  });

  it('replaces Bullpen’s part of the opts when it is no object', async () => {
    expect(await rewritten({ data: 'x', opts: '{"bullpen":"x"}' })).toEqual({
      data: 'null',
      opts: { bullpen: { malformed: { data: 'x' } } },
    });
  });

  it('logs which job and which fields', async () => {
    const { malformed, lines } = storedWith({ data: '{', opts: '{' });
    expect(await malformed.makeParsable('t1')).toBe('j-1');
    expect(lines).toEqual([[{ jobId: 'j-1', queue: 'mail', fields: ['data', 'opts'] }, 'job was malformed']]);
  });

  it('finds a well-formed job, and leaves it as it is', async () => {
    const { malformed, written, lines } = storedWith({ data: '[1]', opts: '{}' });
    expect([await malformed.makeParsable('t1'), written, lines]).toEqual(['j-1', [], []]);
  });

  it('finds nothing when no job has the token', async () => {
    const { malformed, written } = storedWith({ data: '{' });
    expect([await malformed.makeParsable('t2'), written]).toEqual([undefined, []]);
  });
});
