import { describe, expect, it } from 'vitest';
import type { Acceptance } from '../receiving/receiver-books.js';
import { type Evidence, judge } from './verdict.js';

const eventIds = Array.from({ length: 20 }, (_, index) => `evt_${index}`);
const closed = eventIds.slice(0, 5);
const taken = eventIds.slice(5);
const by = (sender: string, answerLost = false): Acceptance => ({ sender, attempt: 1, answerLost });

interface Changes {
  readonly accepted?: readonly (readonly [id: string, acceptances: Acceptance[]])[];
  readonly forged?: number;
  readonly report?: Evidence['report'];
}

/** A run in which all went well, except for `changes`. */
function evidence({
  accepted = [],
  forged = 0,
  report = { added: 20, completed: 15, failed: 5 },
}: Changes = {}): Evidence {
  const books = {
    accepted: new Map([...taken.map((id): [string, Acceptance[]] => [id, [by('worker A')]]), ...accepted]),
    gone: new Set(closed),
    forged,
    mischief: { none: 15, error: 2, busy: 1, reset: 1, 'answer lost': 0 },
  };
  const killed = { name: 'worker B', eventIds: new Set(['evt_7']) };
  return { eventIds, books, report, killed };
}

describe('judge', () => {
  it('finds nothing wrong when every row was delivered once or rejected', () => {
    expect(judge(evidence())).toEqual({
      ...{ rows: 20, delivered: 15, atFirstFailed: 4, rejected: 5, lost: [], faults: [] },
      ...{ againAfterKill: 0, againAfterLostAnswer: 0 },
    });
  });

  it('explains a repetition by the kill of the worker that held the job', () => {
    const accepted: Changes['accepted'] = [['evt_7', [by('worker B'), by('worker C')]]];
    expect(judge(evidence({ accepted }))).toMatchObject({ againAfterKill: 1, faults: [] });
  });

  it('explains a repetition by a lost answer', () => {
    const accepted: Changes['accepted'] = [['evt_9', [by('worker A', true), by('worker A')]]];
    expect(judge(evidence({ accepted }))).toMatchObject({ againAfterLostAnswer: 1, faults: [] });
  });

  it.each([
    ['another worker sent it first', 'evt_7', 'worker A'],
    ['the worker that was killed did not hold it', 'evt_8', 'worker B'],
  ])('does not accept the kill as the reason when %s', (_, id, sender) => {
    const accepted: Changes['accepted'] = [[id, [by(sender), by('worker C')]]];
    expect(judge(evidence({ accepted })).faults).toEqual([
      `delivered again for no known reason: ${id}, first by ${sender}`,
    ]);
  });

  it('wants a reason for each repetition, not only for one of them', () => {
    const accepted: Changes['accepted'] = [['evt_7', [by('worker B'), by('worker C'), by('worker D')]]];
    expect(judge(evidence({ accepted })).faults).toHaveLength(1);
  });

  it('finds a lost row even when Redis says that all is done', () => {
    const { books, ...rest } = evidence();
    books.accepted.delete('evt_12');
    const { lost, faults } = judge({ books, ...rest });
    expect(lost).toEqual(['evt_12']);
    expect(faults).toEqual([
      'lost: evt_12',
      'Redis has 15 completed and 5 failed, the receiver took 14 and turned away 5',
    ]);
  });

  it('finds an event that is not in the file, a request without a valid signature, and a row that was not added', () => {
    const accepted: Changes['accepted'] = [['evt_99', [by('worker A')]]];
    const report = { added: 19, completed: 16, failed: 5 };
    expect(judge(evidence({ accepted, forged: 2, report })).faults).toEqual([
      'delivered, but not in the file: evt_99',
      '2 requests had no valid signature',
      'the producer added 19 rows of 20',
    ]);
  });
});
