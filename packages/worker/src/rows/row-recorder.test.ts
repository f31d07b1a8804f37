import { describe, expect, it } from 'vitest';
import type { RowNote } from '../attempt/row-note.js';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import type { Recorder, WriteResult } from '../in-flight/recorder.js';
import type { RowCalls } from './row-calls.js';
import type { SharedJob } from './row-jobs.js';
import { RowRecorder } from './row-recorder.js';

/**
 * A row recorder over calls that the test answers. What Redis refuses is written once more, and
 * that ends as `result` says.
 */
function recordingRows(result?: WriteResult<unknown>) {
  const sends: { alone: boolean; notes: unknown; answer(isOurs: boolean): void; fail(error: Error): void }[] = [];
  const send =
    (alone: boolean) =>
    (_: SharedJob, notes: readonly RowNote[]): Promise<boolean> =>
      new Promise((answer, fail) => {
        sends.push({ alone, notes, answer, fail });
      });
  const ends = { send: send(false), sendAlone: send(true) };
  const writes: (() => Promise<unknown>)[] = [];
  const recorder = {
    async write(_: ActiveAttempt, send: () => Promise<unknown>): Promise<WriteResult<unknown>> {
      writes.push(send);
      return result ?? { kind: 'written', value: await send() };
    },
  };
  const rows = new RowRecorder(
    {} as SharedJob,
    {} as ActiveAttempt,
    recorder as unknown as Recorder,
    ends as unknown as RowCalls,
  );
  const record = (row: number) => rows.record([{ row, fate: 'completed', reason: '', text: '', key: '' }]);
  return { rows, sends, writes, record };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('RowRecorder', () => {
  it('has recorded an end when Redis says so, and not before', async () => {
    const { rows, record, sends } = recordingRows();
    let isRecorded: boolean | undefined;
    const recording = record(1).then((is) => {
      isRecorded = is;
    });
    await turn();
    expect(isRecorded).toBeUndefined();
    sends[0]?.answer(true);
    await recording;
    expect([isRecorded, rows.failed, sends.length]).toEqual([true, false, 1]);
  });

  it.each([
    [
      'Redis says that the job is not ours',
      (send: { answer(isOurs: boolean): void } | undefined) => send?.answer(false),
    ],
    [
      'the reply is lost',
      (send: { fail(error: Error): void } | undefined) => send?.fail(new Error('Connection is closed.')),
    ],
  ])('sends an end again in a call of its own when %s', async (_, end) => {
    const { rows, record, sends } = recordingRows();
    const recording = record(1);
    end(sends[0]);
    await turn();
    expect(sends.map(({ alone }) => alone)).toEqual([false, true]);
    expect(sends[1]?.notes).toEqual(sends[0]?.notes);
    sends[1]?.answer(true);
    expect([await recording, rows.failed]).toEqual([true, false]);
  });

  it('throws an error that the recorder knows when the job is still not ours', async () => {
    const { record, sends, writes } = recordingRows({ kind: 'over', answer: 'lost' });
    const recording = record(1);
    sends[0]?.answer(false);
    await recording;
    const again = writes[0]?.();
    sends[1]?.answer(false);
    await expect(again).rejects.toMatchObject({ code: -2 });
  });

  it('remembers that an end could not be recorded', async () => {
    for (const end of [
      { kind: 'over', answer: 'lost' },
      { kind: 'refused', error: new Error('OOM') },
    ] as const) {
      const { rows, record, sends } = recordingRows(end);
      const recording = record(1);
      sends[0]?.answer(false);
      expect(await recording).toBe(false);
      const next = record(2);
      sends[1]?.answer(true);
      expect([await next, rows.failed]).toEqual([true, true]);
    }
  });

  it('writes other things about rows, and says whether Redis has them', async () => {
    const { rows } = recordingRows();
    expect(await rows.write(async () => 1)).toBe(true);
    const { rows: refused } = recordingRows({ kind: 'refused', error: new Error('no') });
    expect([await refused.write(async () => 1), refused.failed]).toEqual([false, true]);
  });
});
