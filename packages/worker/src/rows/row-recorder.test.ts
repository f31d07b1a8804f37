import { describe, expect, it } from 'vitest';
import type { RowNote } from '../attempt/row-note.js';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import type { Carried, Recorder } from '../in-flight/recorder.js';
import type { RowCalls } from './row-calls.js';
import type { SharedJob } from './row-jobs.js';
import { RowRecorder } from './row-recorder.js';

/**
 * Acks over ends that are answered by hand; what Redis would not take is carried once more, and
 * that ends as `carried` says.
 */
function acking(carried?: Carried<unknown>) {
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
    async carry(_: ActiveAttempt, write: () => Promise<unknown>): Promise<Carried<unknown>> {
      writes.push(write);
      return carried ?? { kind: 'written', value: await write() };
    },
  };
  const acks = new RowRecorder(
    {} as SharedJob,
    {} as ActiveAttempt,
    recorder as unknown as Recorder,
    ends as unknown as RowCalls,
  );
  const write = (row: number) => acks.write([{ row, fate: 'completed', reason: '', text: '', key: '' }]);
  return { acks, sends, writes, write };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('RowRecorder', () => {
  it('have an end when Redis says so, and not before', async () => {
    const { acks, write, sends } = acking();
    let isWritten: boolean | undefined;
    const writing = write(1).then((is) => {
      isWritten = is;
    });
    await turn();
    expect(isWritten).toBeUndefined();
    sends[0]?.answer(true);
    await writing;
    expect([isWritten, acks.failed, sends.length]).toEqual([true, false, 1]);
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
  ])('send an end again, alone, when %s', async (_, end) => {
    const { acks, write, sends } = acking();
    const writing = write(1);
    end(sends[0]);
    await turn();
    expect(sends.map(({ alone }) => alone)).toEqual([false, true]);
    expect(sends[1]?.notes).toEqual(sends[0]?.notes);
    sends[1]?.answer(true);
    expect([await writing, acks.failed]).toEqual([true, false]);
  });

  it('tell the recorder in words that it knows when the job is still not ours', async () => {
    const { write, sends, writes } = acking({ kind: 'over', answer: 'lost' });
    const writing = write(1);
    sends[0]?.answer(false);
    await writing;
    const again = writes[0]?.();
    sends[1]?.answer(false);
    await expect(again).rejects.toMatchObject({ code: -2 });
  });

  it('remember that Redis would not take one', async () => {
    for (const end of [
      { kind: 'over', answer: 'lost' },
      { kind: 'refused', error: new Error('OOM') },
    ] as const) {
      const { acks, write, sends } = acking(end);
      const writing = write(1);
      sends[0]?.answer(false);
      expect(await writing).toBe(false);
      const next = write(2);
      sends[1]?.answer(true);
      expect([await next, acks.failed]).toEqual([true, true]);
    }
  });

  it('carry what else is written about rows, and say whether Redis has it', async () => {
    const { acks } = acking();
    expect(await acks.carry(async () => 1)).toBe(true);
    const { acks: refused } = acking({ kind: 'refused', error: new Error('no') });
    expect([await refused.carry(async () => 1), refused.failed]).toEqual([false, true]);
  });
});
