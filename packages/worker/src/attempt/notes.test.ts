import type { Thrown } from '@bullpen/shared/internal';
import { describe, expect, it } from 'vitest';
import { type Notes, notesOf } from './notes.js';
import type { Outcome, OutcomeKind } from './outcome.js';

const error: Thrown = { name: 'Error', message: 'boom', stack: undefined, code: undefined };
const outcomes: Record<OutcomeKind, Outcome> = {
  completed: { kind: 'completed', result: 1 },
  failed: { kind: 'failed', error },
  rejected: { kind: 'rejected', error },
  expired: { kind: 'expired', error },
  crashed: { kind: 'crashed', error },
  cancelled: { kind: 'cancelled', error },
  snoozed: { kind: 'snoozed', due: { at: 5 }, error },
  interrupted: { kind: 'interrupted', reason: 'draining' },
};
const kinds = Object.keys(outcomes) as OutcomeKind[];

/** The notes of the second of three attempts. The job is not a row's, unless the test says so. */
function noted(kind: OutcomeKind, { attempt = 2, bullpen = {}, jobId = 'j-1' } = {}): Notes | undefined {
  return notesOf(outcomes[kind], {
    ...{ bullpen, jobId, attempt },
    ...{ maxAttempts: 3, job: 'mail.send', json: () => '5' },
  });
}

/** What makes a job the job of row 4 of batch b: its batch and its id. */
const ofRow = { bullpen: { batch: 'b' }, jobId: 'b-b-4' };

describe('notesOf', () => {
  it.each<[OutcomeKind, string | undefined]>([
    ['completed', 'completed'],
    ['failed', undefined],
    ['rejected', 'failed'],
    ['expired', 'failed'],
    ['crashed', 'failed'],
    ['cancelled', 'cancelled'],
    ['snoozed', undefined],
    ['interrupted', undefined],
  ])('notes a row that was %s as %s, with its batch', (kind, fate) => {
    const notes = noted(kind, ofRow);
    expect([notes?.batch, notes?.row?.row, notes?.row?.fate]).toEqual(
      fate === undefined ? [undefined, undefined, undefined] : ['b', 4, fate],
    );
  });

  it('notes that a row failed at its last attempt, and after it', () => {
    const rows = [1, 2, 3, 8].map((attempt) => noted('failed', { ...ofRow, attempt })?.row?.fate);
    expect(rows).toEqual([undefined, undefined, 'failed', 'failed']);
  });

  it('notes no row for a job that is not a row’s', () => {
    const ofNone = [
      { jobId: 'b-b-4' },
      { bullpen: { batch: 'b' } },
      { ...ofRow, jobId: 'b-c-4' },
      { ...ofRow, jobId: 'b-b-4_9' },
    ];
    for (const of of ofNone) {
      for (const kind of kinds) {
        const { batch, row } = noted(kind, { ...of, attempt: 3 }) ?? {};
        expect([batch, row]).toEqual([undefined, undefined]);
      }
    }
  });

  it('takes back an attempt whose handler was not called, because BullMQ has counted it', () => {
    // One attempt was spent before this one.
    const made = kinds.map((kind) => [kind, noted(kind)?.attemptsMade] as const).filter(([, n]) => n !== undefined);
    expect(made).toEqual([
      ['expired', 1],
      ['crashed', 1],
    ]);
    expect(noted('expired', { attempt: 1 })?.attemptsMade).toBe(0);
  });

  it('resets the crashes of a job that crashed too often', () => {
    expect(kinds.filter((kind) => noted(kind)?.forgetCrashes)).toEqual(['crashed']);
  });

  it('has no notes for most jobs', () => {
    expect(kinds.filter((kind) => noted(kind) === undefined)).toEqual([
      ...['completed', 'failed', 'rejected', 'cancelled', 'snoozed', 'interrupted'],
    ]);
  });
});
