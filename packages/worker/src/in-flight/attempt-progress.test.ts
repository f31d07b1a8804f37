import { describe, expect, it } from 'vitest';
import { AttemptProgress } from './attempt-progress.js';

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
