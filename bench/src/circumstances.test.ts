import { describe, expect, it } from 'vitest';
import { type Circumstances, noteCircumstances, obstaclesOf } from './circumstances.js';

const quiet: Circumstances = {
  ...{ commit: '0123456789', changed: false, load: 0.3, node: '20.20.2', node24: '24.0.0' },
  ...{ cores: 2, processor: 'a processor' },
};

describe('a run', () => {
  it('of a commit, in full, on a quiet machine, may be published', () => {
    expect(obstaclesOf({ ...quiet, load: 2 }, [])).toEqual([]);
  });

  it.each([
    ['a load average above 2', { load: 2.01 }, [], /^The load average is 2\.01, above 2: /],
    ['changes without a commit', { changed: true }, [], /commit them first/],
    ['no Node 24', { node24: undefined }, [], /BENCH_NODE_24/],
    ['a trial', {}, ['scale 0.05'], /^This is a trial: scale 0\.05\.$/],
  ])('with %s may not', (_, differently, trial, reason) => {
    expect(obstaclesOf({ ...quiet, ...differently }, trial)).toEqual([expect.stringMatching(reason)]);
  });

  it('says every reason', () => {
    expect(obstaclesOf({ ...quiet, load: 9, changed: true, node24: undefined }, ['scale 0.1'])).toHaveLength(4);
  });
});

it('a run knows its commit and its machine', () => {
  expect(noteCircumstances()).toMatchObject({
    commit: expect.stringMatching(/^[0-9a-f]{10}$/),
    load: expect.any(Number),
  });
});
