import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../../test/fetched-job.js';
import type { OutcomeKind } from '../attempt/outcome.js';
import type { QueueStore } from '../in-flight/queue-store.js';
import { fetchesNext, recordEnding } from './record-ending.js';

/** A store that remembers what it is told. It answers with a next job where it can fetch one. */
function listeningStore() {
  const told: unknown[] = [];
  const listen =
    <Answer>(verb: string, answer: Answer) =>
    async (_: string, ...args: unknown[]): Promise<Answer> => {
      told.push([verb, ...args]);
      return answer;
    };
  const store: QueueStore<string, string> = {
    ...{ fetch: listen('fetch', 'next'), complete: listen('complete', 'next'), fail: listen('fail', 'next') },
    ...{ handBack: listen('handBack', undefined), snooze: listen('snooze', undefined) },
    putOff: listen('putOff', undefined),
  };
  return { store, told };
}

const options = { fetchNext: true, isAgain: false };

describe('recordEnding', () => {
  it('completes a job that completed, with its result', async () => {
    const { store, told } = listeningStore();
    expect(await recordEnding(store, 'job', { outcome: { kind: 'completed', result: { sent: 1 } } }, options)).toBe(
      'next',
    );
    expect(told).toEqual([['complete', { sent: 1 }, options]]);
  });

  it.each(['failed', 'rejected', 'expired', 'crashed', 'cancelled'] as const)('fails a job that %s', async (kind) => {
    const { store, told } = listeningStore();
    const ending = { outcome: outcomeOf(kind), retryInMs: 5_000, notes: { forgetCrashes: true } };
    expect(await recordEnding(store, 'job', ending, options)).toBe('next');
    expect(told).toEqual([['fail', ending, true]]);
  });

  it('delays a job that snoozed until its time, and fetches nothing', async () => {
    const { store, told } = listeningStore();
    const error = { name: 'JobSnoozed', message: '', stack: undefined, code: undefined };
    expect(
      await recordEnding(store, 'job', { outcome: { kind: 'snoozed', untilAt: 1_900, error } }, options),
    ).toBeUndefined();
    expect(told).toEqual([['snooze', 1_900]]);
  });

  it('hands back a job that was interrupted, for either reason: the recorder finds out whose job it is', async () => {
    for (const reason of ['draining', 'lease lost'] as const) {
      const { store, told } = listeningStore();
      expect(await recordEnding(store, 'job', { outcome: { kind: 'interrupted', reason } }, options)).toBeUndefined();
      expect(told).toEqual([['handBack']]);
    }
  });
});

describe('recordEnding of a job that was not attempted because of a suspect', () => {
  it.each([
    [true, 'putOff'],
    [false, 'handBack'],
  ])('puts off another suspect, and hands back any other job: %s', async (isPutOff, verb) => {
    const { store, told } = listeningStore();
    await recordEnding(store, 'job', { outcome: { kind: 'interrupted', reason: 'put off' }, isPutOff }, options);
    expect(told).toEqual([[verb]]);
  });
});

describe('fetchesNext', () => {
  it('is false for the two ends that put the job back in its queue', () => {
    const kinds: OutcomeKind[] = ['completed', 'failed', 'rejected', 'expired', 'crashed', 'cancelled'];
    for (const kind of kinds) expect(fetchesNext({ outcome: outcomeOf(kind) })).toBe(true);
    for (const kind of ['snoozed', 'interrupted'] as const) {
      expect(fetchesNext({ outcome: outcomeOf(kind) })).toBe(false);
    }
  });
});
