import { describe, expect, it } from 'vitest';
import { fetchedJob, leaseFor, outcomeOf } from '../../test/fetched-job.js';
import { AttemptStop } from '../attempt/attempt-stop.js';
import { ActiveAttempt } from './active-attempt.js';
import type { FetchedJob } from './fetched-job.js';

function attemptAt(more: Partial<FetchedJob> = {}): ActiveAttempt {
  const job = fetchedJob(more);
  return new ActiveAttempt(job, leaseFor(job));
}

const error = { name: 'Error', message: 'boom', stack: undefined, code: undefined };
const SHARED = { id: 'b-b1-1_5', opts: { attempts: 3, bullpen: { batch: 'b1', rows: [1, 5] } } };

describe('ActiveAttempt', () => {
  it('is counted from 1, and reads from the job how many attempts there may be', () => {
    const { number, maxAttempts } = attemptAt({ attemptsMade: 2, opts: { attempts: 5 } });
    expect({ number, maxAttempts }).toEqual({ number: 3, maxAttempts: 5 });
  });

  it('takes the policy of the definition for a job that another client stored without one', () => {
    const [without, withOne] = [attemptAt({ opts: { attempts: 0 } }), attemptAt({ opts: { attempts: 2 } })];
    for (const attempt of [without, withOne]) attempt.applyPolicy({ maxAttempts: 7 } as never);
    expect([without.maxAttempts, withOne.maxAttempts]).toEqual([7, 2]);
  });

  it('has passed the gate when it started, and is stuck until it has ended', () => {
    const attempt = attemptAt();
    expect(attempt).toMatchObject({ started: false, stuck: false });
    attempt.start();
    expect(attempt).toMatchObject({ started: true, stuck: false });
    attempt.markStuck();
    expect(attempt).toMatchObject({ started: true, stuck: true });
    attempt.end(outcomeOf('failed'));
    expect(attempt).toMatchObject({ started: true, stuck: false, outcome: 'failed', confirmed: false });
    attempt.confirm();
    expect(attempt.confirmed).toBe(true);
  });

  it('stops the row that runs now, for a shared job', () => {
    const attempt = attemptAt(SHARED);
    const stop = new AttemptStop();
    attempt.startRow(stop);
    expect([attempt.isShared, attempt.stop, attempt.started]).toEqual([true, stop, true]);
    attempt.endRow();
    expect(attempt.started).toBe(false);
  });

  it('ends without notes when code of ours threw and no notes can be made', () => {
    const row = { id: 'b-b1-7', opts: { attempts: 1, bullpen: { batch: 'b1' } } };
    expect(attemptAt(row).endBroken(error)).toMatchObject({
      outcome: { kind: 'failed', error },
      notes: { batch: 'b1' },
    });
    const keyed = { attempts: 1, bullpen: { batch: 'b1', keyField: 'id' } };
    const broken = attemptAt({ ...row, opts: keyed, storedData: '{' });
    expect(() => broken.end({ kind: 'failed', error })).toThrow(SyntaxError);
    expect(broken.endBroken(error)).toEqual({ outcome: { kind: 'failed', error } });
    expect([broken.outcome, broken.notes]).toEqual(['failed', undefined]);
  });

  it('makes its notes from its outcome and its job', () => {
    const row = attemptAt({ id: 'b-b1-7', opts: { bullpen: { batch: 'b1' } } });
    expect(row.end(outcomeOf('completed')).notes).toMatchObject({ batch: 'b1', row: { row: 7, fate: 'completed' } });
    expect(attemptAt().end(outcomeOf('completed')).notes).toBeUndefined();
  });

  it('is cancelled when its job was before the fetch, or Redis says so later', () => {
    expect(attemptAt({ cancelled: true }).cancelled).toBe(true);
    const attempt = attemptAt();
    expect(attempt.cancelled).toBe(false);
    attempt.noteCancelled();
    expect(attempt.cancelled).toBe(true);
  });

  it('keeps the payload of a failed row as it was enqueued, whatever its handler did to it', () => {
    const data: { id: number } = { id: 7 };
    const opts = { attempts: 1, bullpen: { batch: 'b1' } };
    const attempt = attemptAt({ id: 'b-b1-7', data, storedData: JSON.stringify(data), opts });
    data.id = 8;
    expect(attempt.end(outcomeOf('failed')).notes?.row?.text).toContain('{"id":7}');
  });

  it('ends with its rows: the job is removed', () => {
    expect(attemptAt(SHARED).endRows()).toEqual({
      ...{ outcome: { kind: 'completed', result: undefined }, notes: { batch: 'b1' } },
    });
  });

  it('fails for good when its success cannot be recorded: its row has failed, even with attempts left', () => {
    const attempt = attemptAt({ id: 'b-b1-7', opts: { attempts: 9, bullpen: { batch: 'b1' } } });
    attempt.end(outcomeOf('completed'));
    const ending = attempt.failForGood(error);
    expect(ending).toMatchObject({ outcome: { kind: 'failed', error }, isFinal: true });
    expect([attempt.outcome, attempt.notes?.row?.fate]).toEqual(['failed', 'failed']);
  });

  it('counts as interrupted when it is left, unless it had ended', () => {
    const [left, ended] = [attemptAt(), attemptAt()];
    ended.end(outcomeOf('completed'));
    for (const attempt of [left, ended]) expect(attempt.leave()).toBeUndefined();
    expect([left.outcome, ended.outcome, left.notes]).toEqual(['interrupted', 'completed', undefined]);
  });
});
