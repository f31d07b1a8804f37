import { describe, expect, it } from 'vitest';
import { fetchedJob, leaseFor } from '../../test/fetched-job.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { ActiveAttempt } from './active-attempt.js';
import { AttemptProgress, Progress } from './progress.js';

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

/** The progress of one attempt over a Redis that answers when it is told to. */
function reporting() {
  const recorded: unknown[] = [];
  const answers: (() => void)[] = [];
  const progress = new AttemptProgress((value) => {
    recorded.push(value);
    return new Promise((resolve) => answers.push(resolve));
  });
  return { progress, recorded, answer: () => answers.shift()?.() };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('AttemptProgress', () => {
  it('records the first value at once, and of those that come meanwhile only the last', async () => {
    const { progress, recorded, answer } = reporting();
    const reports = Array.from({ length: 200_000 }, (_, at) => progress.report(at));
    expect(recorded).toEqual([0]);
    expect(new Set(reports).size).toBe(2);
    answer();
    await turn();
    expect(recorded).toEqual([0, 199_999]);
    answer();
    await Promise.all(reports);
    void progress.report('later');
    expect(recorded).toEqual([0, 199_999, 'later']);
  });

  it('resolves a report when its value, or a later one, is recorded', async () => {
    const { progress, answer } = reporting();
    const resolved: string[] = [];
    for (const value of ['first', 'second', 'third']) void progress.report(value).then(() => resolved.push(value));
    await turn();
    expect(resolved).toEqual([]);
    answer();
    await turn();
    expect(resolved).toEqual(['first']);
    answer();
    await turn();
    expect(resolved).toEqual(['first', 'second', 'third']);
  });

  it('sends the value that waits when it is told to, once, and before the answer to the one before', async () => {
    const { progress, recorded, answer } = reporting();
    const reports = [1, 2, 3].map((value) => progress.report(value));
    void progress.flush();
    expect(recorded).toEqual([1, 3]);
    answer();
    answer();
    await Promise.all(reports);
    void progress.flush();
    expect(recorded).toEqual([1, 3]);
  });
});
