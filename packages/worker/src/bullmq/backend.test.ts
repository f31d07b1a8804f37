import { EventEmitter } from 'node:events';
import { type Job, RedisQueueBackend, type Worker } from 'bullmq';
import { moveToFinished } from 'bullmq/dist/cjs/scripts/moveToFinished-14.js';
import { describe, expect, it } from 'vitest';
import { AttemptStop } from '../attempt/attempt-stop.js';
import type { Notes } from '../attempt/notes.js';
import { type ActiveAttempt, ActiveAttempts } from '../in-flight/active-attempts.js';
import { leaseOf } from '../in-flight/lease.js';
import { Recording } from './backend.js';
import type { Completed, Completion } from './completion-calls.js';
import { setAttempt } from './fetched-job.js';
import { FINISH_ARGS, FINISH_KEYS } from './finish-script.js';

const WITHOUT_NOTES = FINISH_KEYS + FINISH_ARGS;

/** The parts of BullMQ's backend that are looked at here. */
interface Backend {
  moveToCompletedArgs(job: object, value: string, remove: unknown, token: string, fetchNext: boolean): unknown[];
  moveToFailedArgs(job: object, reason: string, remove: unknown, token: string, fetchNext: boolean): unknown[];
  execCommand(client: unknown, name: string, args: unknown[]): Promise<unknown>;
}

/** BullMQ's own backend, without a connection. */
function backendOf(): Backend {
  const toKey = (name: string) => `p:mail:${name}`;
  const names = [
    '',
    'wait',
    'active',
    'prioritized',
    'events',
    'stalled',
    'limiter',
    'delayed',
    'paused',
    'meta',
    'pc',
  ];
  const keys = Object.fromEntries([...names, 'completed', 'failed', 'marker'].map((name) => [name, toKey(name)]));
  const Made = RedisQueueBackend as unknown as new (...args: unknown[]) => Backend;
  return new Made(new EventEmitter(), 'mail', keys, toKey, { prefix: 'p', name: 'worker-1', lockDuration: 10_000 });
}

/**
 * A recording over BullMQ's backend, whose FINISH answers with `reply`; and the attempt at the one
 * job.
 */
function recording(reply: unknown = 0, completed: Completed = [0, null]) {
  const backend = backendOf();
  const others: string[] = [];
  backend.execCommand = async (_, name) => others.push(name);
  const sent: unknown[][] = [];
  const finish = async (args: unknown[]) => {
    sent.push(args);
    return reply;
  };
  const together: Completion[] = [];
  const completions = {
    add: async (completion: Completion) => {
      together.push(completion);
      return completed;
    },
  };
  const made = new Recording(backend as unknown as Worker['backend'], finish, completions);
  const job = { ...{ id: 'b-b1-7', name: 'mail.send', attemptsMade: 0 }, opts: { attempts: 3 } };
  const lease = leaseOf({ attemptsMade: 0, attemptsStarted: 1, stalledCounter: 0 }, 't1', 10_000);
  const attempt = new ActiveAttempts().begin('mail', 'b-b1-7', 'mail.send', new AttemptStop(), lease);
  setAttempt(job, attempt);
  return { recording: made, backend, job: job as unknown as Job, attempt, sent, others, together };
}

/** What is sent behind BullMQ's own arguments. */
const notedBy = (backend: Backend, job: Job) =>
  backend.moveToCompletedArgs(job, '1', undefined, 't1', true).slice(WITHOUT_NOTES);

function note(attempt: ActiveAttempt, notes: Notes): void {
  attempt.notes = notes;
}

describe('BullMQ’s script for the end of a job', () => {
  it('takes as many keys and arguments as ours leaves to it: an upgrade that changes that fails here', () => {
    const highest = (list: string): number => {
      const found = [...moveToFinished.content.matchAll(new RegExp(`\\b${list}\\[(\\d+)\\]`, 'g'))];
      return Math.max(...found.map(([, index]) => Number(index)));
    };
    expect([highest('KEYS'), highest('ARGV')]).toEqual([FINISH_KEYS, FINISH_ARGS]);
  });

  it('is sent with exactly so many by BullMQ’s backend, for a success and for a failure', () => {
    const backend = backendOf();
    const job = { id: 'j-1', opts: {} };
    const completed = backend.moveToCompletedArgs(job, '1', undefined, 't1', true);
    const failed = backend.moveToFailedArgs(job, 'boom', undefined, 't1', true);
    expect([completed.length, failed.length]).toEqual([WITHOUT_NOTES, WITHOUT_NOTES]);
    // Where ours finds the job's key, its id and the base of all keys.
    expect([completed[11], completed[FINISH_KEYS], completed[FINISH_KEYS + 6]]).toEqual([
      ...['p:mail:j-1', 'j-1', 'p:mail:'],
    ]);
    expect(completed[FINISH_KEYS + 1]).toBeTypeOf('number');
  });
});

describe('Recording', () => {
  it('adds nothing to the end of a job without notes', () => {
    const { backend, job } = recording();
    expect(notedBy(backend, job)).toEqual([]);
  });

  it('adds the notes of the attempt, and no more than there is to say', () => {
    const { backend, job, attempt } = recording();
    note(attempt, { attemptsMade: 1, forgetCrashes: true });
    expect(notedBy(backend, job)).toEqual([1, 'c']);
    note(attempt, { forgetCrashes: true, forgetCancelled: true });
    expect(notedBy(backend, job)).toEqual(['', 'cx']);
    note(attempt, { batch: 'b1', forgetCancelled: true });
    expect(notedBy(backend, job)).toEqual(['', 'x', 'b1']);
    note(attempt, { batch: 'b1', row: { row: 7, fate: 'completed', reason: '', text: '', key: '' } });
    expect(notedBy(backend, job)).toEqual(['', '', 'b1', 7, 1]);
    note(attempt, { batch: 'b1', row: { row: 7, fate: 'failed', reason: 'Error: x', text: '{}', key: 'hash' } });
    expect(notedBy(backend, job)).toEqual(['', '', 'b1', 7, 2, 'Error: x', '{}', 'hash']);
  });

  it('has the job of a row go with its end: the books say what became of it', () => {
    const { backend, job, attempt } = recording();
    const kept = (): unknown => backend.moveToCompletedArgs(job, '1', { count: 5 }, 't1', true)[FINISH_KEYS + 7];
    const before = kept();
    note(attempt, { forgetCancelled: true });
    expect(kept()).toEqual(before);
    note(attempt, { batch: 'b1' });
    expect(kept()).not.toEqual(before);
  });

  it('sends what has notes by our script, and everything else as BullMQ does', async () => {
    const { backend, job, attempt, sent, others } = recording();
    const failed = () => backend.moveToFailedArgs(job, 'boom', undefined, 't1', true);
    await backend.execCommand({}, 'moveToFinished', failed());
    note(attempt, { forgetCancelled: true });
    await backend.execCommand({}, 'moveToFinished', failed());
    await backend.execCommand({}, 'moveToDelayed', Array(100).fill(''));
    expect([others, sent.length]).toEqual([['moveToFinished', 'moveToDelayed'], 1]);
  });

  it('records a success as BullMQ does, and answers with the next job', async () => {
    const fields = ['name', 'mail.send', 'data', '{}'];
    const { recording: made, job, sent } = recording([fields, 'j-2', 0, 0]);
    expect(await made.complete(job, { sent: 1 }, 't1', true, false)).toMatchObject([
      { name: 'mail.send', data: '{}' },
      'j-2',
      0,
      0,
    ]);
    expect(sent[0]?.slice(FINISH_KEYS + 2, FINISH_KEYS + 6)).toEqual(['returnvalue', '{"sent":1}', 'completed', 1]);
    expect(job).toMatchObject({ returnvalue: { sent: 1 }, attemptsMade: 1, finishedOn: expect.any(Number) });
  });

  it('records no result as null', async () => {
    const { recording: made, job, sent } = recording();
    await made.complete(job, undefined, 't1', false, false);
    expect(sent[0]?.slice(FINISH_KEYS + 3, FINISH_KEYS + 6)).toEqual(['null', 'completed', 0]);
  });

  it.each([-1, -2, -3, -6])('says in BullMQ’s words that the job is not ours: %i', async (code) => {
    const { recording: made, job } = recording(code);
    await expect(made.complete(job, 1, 't1', true, false)).rejects.toMatchObject({ code });
    expect(job.attemptsMade).toBe(0);
  });

  describe('of a row with a job of its own', () => {
    const completedRow: Notes = { batch: 'b1', row: { row: 7, fate: 'completed', reason: '', text: '', key: '' } };

    it('goes together with others, and answers with the next job', async () => {
      const fields = ['name', 'mail.send', 'data', '{}'];
      const { recording: made, job, attempt, sent, together } = recording(0, [0, [fields, 'b-b1-8']]);
      note(attempt, completedRow);
      expect(await made.complete(job, { sent: 1 }, 't1', true, false)).toMatchObject([{ data: '{}' }, 'b-b1-8', 0, 0]);
      expect(together).toEqual([
        ...[
          {
            jobId: 'b-b1-7',
            token: 't1',
            isNextWanted: true,
            result: '{"sent":1}',
            batch: 'b1',
            note: completedRow.row,
          },
        ],
      ]);
      expect([sent, job.attemptsMade]).toEqual([[], 1]);
    });

    it('leaves it open whether there is a next job when Redis names none', async () => {
      const { recording: made, job, attempt } = recording();
      note(attempt, completedRow);
      expect(await made.complete(job, 1, 't1', true, false)).toBeUndefined();
    });

    it('is recorded by BullMQ when Redis says that the job is more than a row', async () => {
      const { recording: made, job, attempt, sent } = recording(0, [1, null]);
      note(attempt, completedRow);
      await made.complete(job, 1, 't1', true, false);
      expect([sent.length, job.attemptsMade]).toEqual([1, 1]);
    });

    it.each([-1, -2, -3, -6])('says in BullMQ’s words that it is not ours: %i', async (code) => {
      const { recording: made, job, attempt } = recording(0, [code, null]);
      note(attempt, completedRow);
      await expect(made.complete(job, 1, 't1', true, false)).rejects.toMatchObject({ code });
      expect(job.attemptsMade).toBe(0);
    });

    it('goes alone when it is written again', async () => {
      const { recording: made, job, attempt, sent, together } = recording();
      note(attempt, completedRow);
      await made.complete(job, 1, 't1', true, true);
      expect([sent.length, together]).toEqual([1, []]);
    });

    it.each<[string, Partial<Job>, Notes]>([
      ['is part of a flow', { parentKey: 'p:mail:1' }, completedRow],
      ['is deduplicated', { deduplicationId: 'd' }, completedRow],
      ['is a job scheduler’s', { repeatJobKey: 'r' }, completedRow],
      ['has a cancellation to be forgotten', {}, { ...completedRow, forgetCancelled: true }],
      ['failed', {}, { batch: 'b1', row: { row: 7, fate: 'failed', reason: 'x', text: '', key: '' } }],
    ])('is recorded by BullMQ’s script when its job %s', async (_, more, notes) => {
      const { recording: made, job, attempt, sent, together } = recording();
      note(attempt, notes);
      await made.complete(Object.assign(job, more), 1, 't1', true, false);
      expect([sent.length, together]).toEqual([1, []]);
    });
  });
});
