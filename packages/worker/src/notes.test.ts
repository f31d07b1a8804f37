import type { Thrown } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { failedNotes, type Notes, notesOf } from './notes.js';
import type { Outcome, OutcomeKind } from './outcome.js';

const error: Thrown = { name: 'Error', message: 'boom', stack: undefined, code: undefined };
const outcomes: Record<OutcomeKind, Outcome> = {
  completed: { kind: 'completed', result: 1 },
  failed: { kind: 'failed', error },
  rejected: { kind: 'rejected', error },
  expired: { kind: 'expired', error },
  crashed: { kind: 'crashed', error },
  cancelled: { kind: 'cancelled', error },
  snoozed: { kind: 'snoozed', untilAt: 5, error },
  interrupted: { kind: 'interrupted', reason: 'draining' },
};
const kinds = Object.keys(outcomes) as OutcomeKind[];

/** The notes of the second attempt of three, of a job that is no row unless that is said. */
function noted(kind: OutcomeKind, { attempt = 2, cancelAsked = false, bullpen = {} } = {}): Notes | undefined {
  return notesOf(outcomes[kind], { bullpen, attempt, maxAttempts: 3, cancelAsked });
}

describe('notesOf', () => {
  it.each<[OutcomeKind, string | undefined]>([
    ['completed', 'completed'],
    ['failed', undefined],
    ['rejected', 'failed'],
    ['expired', 'failed'],
    ['crashed', 'failed'],
    ['cancelled', 'failed'],
    ['snoozed', undefined],
    ['interrupted', undefined],
  ])('notes of a row that was %s: %s', (kind, fate) => {
    const row = fate === undefined ? undefined : { batch: 'b', row: 4, fate };
    expect(noted(kind, { bullpen: { batch: 'b', row: 4 } })?.row).toEqual(row);
  });

  it('notes a failed row at the last attempt, and behind it', () => {
    const rows = [1, 2, 3, 8].map(
      (attempt) => noted('failed', { attempt, bullpen: { batch: 'b', row: 4 } })?.row?.fate,
    );
    expect(rows).toEqual([undefined, undefined, 'failed', 'failed']);
  });

  it('notes no row of a job that is none', () => {
    for (const bullpen of [{}, { batch: 'b' }, { row: 4 }]) {
      for (const kind of kinds) expect(noted(kind, { bullpen, attempt: 3 })?.row).toBeUndefined();
    }
  });

  it('takes back the attempt of a handler that was not called, before BullMQ counts it', () => {
    // One attempt was spent before this one, and BullMQ is about to count one more.
    const made = kinds.map((kind) => [kind, noted(kind)?.attemptsMade] as const).filter(([, n]) => n !== undefined);
    expect(made).toEqual([
      ['expired', 0],
      ['crashed', 0],
    ]);
    expect(noted('expired', { attempt: 1 })?.attemptsMade).toBe(-1);
  });

  it('starts a new crash budget for a job that used its up', () => {
    expect(kinds.filter((kind) => noted(kind)?.forgetCrashes)).toEqual(['crashed']);
  });

  it('forgets a cancellation that is carried out, or came too late, and no other', () => {
    expect(kinds.filter((kind) => noted(kind)?.forgetCancelled)).toEqual(['cancelled']);
    const tooLate = kinds.filter((kind) => noted(kind, { cancelAsked: true })?.forgetCancelled);
    expect(tooLate).toEqual(['completed', 'rejected', 'cancelled']);
  });

  it('has nothing to say of most jobs', () => {
    expect(kinds.filter((kind) => noted(kind) === undefined)).toEqual([
      ...['completed', 'failed', 'rejected', 'snoozed', 'interrupted'],
    ]);
  });
});

describe('failedNotes', () => {
  it('turns the fate of a row, and nothing else', () => {
    expect(failedNotes(undefined)).toBeUndefined();
    expect(failedNotes({ forgetCancelled: true })).toEqual({ forgetCancelled: true });
    expect(failedNotes({ forgetCancelled: true, row: { batch: 'b', row: 3, fate: 'completed' } })).toEqual({
      ...{ forgetCancelled: true, row: { batch: 'b', row: 3, fate: 'failed' } },
    });
  });
});
