import { describe, expect, it } from 'vitest';
import { fetchedJob, leaseFor } from '../../test/fetched-job.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { ActiveAttempt } from './active-attempt.js';
import { Progress } from './progress.js';

/** Progress of job j-1 over a connection that remembers each command, and fails with `failure`. */
function progressOver(failure?: Error) {
  const commands: unknown[][] = [];
  const redis = {
    async bullpenProgress(...args: unknown[]) {
      commands.push(args);
      if (failure !== undefined) throw failure;
    },
  };
  const progress = new Progress(redis as unknown as ScriptedRedis, 'p');
  const attempt = new ActiveAttempt(fetchedJob(), leaseFor());
  return { record: (value: unknown) => progress.record(attempt, value), commands };
}

describe('Progress', () => {
  it('records progress as JSON, under the lease of the attempt', async () => {
    const { record, commands } = progressOver();
    await record({ done: 3 });
    expect(commands).toEqual([
      ['p:mail:j-1:lock', 'p:mail:j-1', 'p:mail:events', 'p:mail:meta', 't1', 'j-1', '{"done":3}'],
    ]);
  });

  it('refuses progress that cannot be written as JSON or is too long', async () => {
    const { record, commands } = progressOver();
    await expect(record({ n: 5n })).rejects.toThrow(TypeError);
    await expect(record('x'.repeat(17 * 1_048_576))).rejects.toThrow(RangeError);
    expect(commands).toEqual([]);
  });

  it('throws what Redis throws', async () => {
    await expect(progressOver(new Error('OOM')).record(5)).rejects.toThrow('OOM');
  });
});
