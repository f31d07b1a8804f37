import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../../test/fetched-job.js';
import type { QueueStore } from '../in-flight/queue-store.js';
import { recordEnding } from './record-ending.js';

/** A store that remembers what it is told. */
function listeningStore() {
  const told: unknown[] = [];
  const listen =
    (verb: string) =>
    async (_: string, ...args: unknown[]): Promise<void> =>
      void told.push([verb, ...args]);
  const store: QueueStore<string> = {
    ...{ complete: listen('complete'), fail: listen('fail'), handBack: listen('handBack') },
    ...{ putOff: listen('putOff'), snooze: listen('snooze') },
  };
  return { store, told };
}

describe('recordEnding', () => {
  it('completes a job that completed, with its result', async () => {
    const { store, told } = listeningStore();
    await recordEnding(store, 'job', { outcome: { kind: 'completed', result: { sent: 1 } } });
    expect(told).toEqual([['complete', { sent: 1 }]]);
  });

  it.each(['failed', 'rejected', 'expired', 'crashed', 'cancelled'] as const)('fails a job that %s', async (kind) => {
    const { store, told } = listeningStore();
    const ending = { outcome: outcomeOf(kind), retryInMs: 5_000, notes: { forgetCrashes: true } };
    await recordEnding(store, 'job', ending);
    expect(told).toEqual([['fail', ending]]);
  });

  it('delays a job that snoozed until its time', async () => {
    const { store, told } = listeningStore();
    const error = { name: 'JobSnoozed', message: '', stack: undefined, code: undefined };
    await recordEnding(store, 'job', { outcome: { kind: 'snoozed', due: { at: 1_900 }, error } });
    expect(told).toEqual([['snooze', { at: 1_900 }]]);
  });

  it('hands back a job that was interrupted, for either reason: the recorder finds out whose job it is', async () => {
    for (const reason of ['draining', 'lease lost'] as const) {
      const { store, told } = listeningStore();
      await recordEnding(store, 'job', { outcome: { kind: 'interrupted', reason } });
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
    await recordEnding(store, 'job', { outcome: { kind: 'interrupted', reason: 'put off' }, isPutOff });
    expect(told).toEqual([[verb]]);
  });
});
