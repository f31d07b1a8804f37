import { describe, expect, it } from 'vitest';
import type { ActiveAttempt } from './active-attempts.js';
import type { SharedJob } from './books.js';
import type { Carried, Recorder } from './recorder.js';
import { RowAcks } from './row-acks.js';
import type { RowEnds, SentEnds } from './row-ends.js';
import type { RowNote } from './row-note.js';

/** Acks over ends that are answered by hand; what Redis would not take is carried once more, and that ends as `carried` says. */
function acking(carried?: Carried<unknown>) {
  const sends: { notes: readonly RowNote[]; answer(answers: string): void; fail(error: Error): void }[] = [];
  const ends = {
    send(_: SharedJob, notes: readonly RowNote[]): SentEnds {
      const answers = new Promise<string>((resolve, reject) => {
        sends.push({ notes, answer: resolve, fail: reject });
      });
      answers.catch(() => undefined);
      return { sent: Promise.resolve(sends.length), answers, at: 1 };
    },
  };
  const writes: (() => Promise<unknown>)[] = [];
  const recorder = {
    async carry(_: ActiveAttempt, write: () => Promise<unknown>): Promise<Carried<unknown>> {
      writes.push(write);
      return carried ?? { kind: 'written', value: await write() };
    },
  };
  const acks = new RowAcks(
    {} as SharedJob,
    {} as ActiveAttempt,
    recorder as unknown as Recorder,
    ends as unknown as RowEnds,
  );
  const written: number[] = [];
  const write = (row: number): Promise<unknown> =>
    acks.write([{ row, fate: 'completed', reason: '', text: '', key: '' }], () => void written.push(row));
  return { acks, sends, writes, written, write };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Whether a promise is settled by now. */
async function isThrough(promise: Promise<unknown>): Promise<boolean> {
  let through = false;
  void promise.then(() => {
    through = true;
  });
  await turn();
  return through;
}

describe('RowAcks', () => {
  it('let the next row begin when an end has left, without waiting for Redis’ answer', async () => {
    const { write, written } = acking();
    expect(await Promise.all([write(1), write(2)])).toEqual([1, 2]);
    expect(written).toEqual([]);
  });

  it('say when Redis has an end, and not before', async () => {
    const { write, sends, written } = acking();
    await write(1);
    await write(2);
    sends[1]?.answer('01');
    await turn();
    expect(written).toEqual([2]);
  });

  it.each([
    ['Redis says that the job is not ours', (answer: (text: string) => void) => answer('10')],
    ['the reply is lost', (_: unknown, fail: (error: Error) => void) => fail(new Error('Connection is closed.'))],
  ])('send an end again when %s', async (_, end) => {
    const { acks, write, sends, written } = acking();
    await write(1);
    end(sends[0]?.answer as (text: string) => void, sends[0]?.fail as (error: Error) => void);
    await turn();
    expect([sends.length, written, acks.failed]).toEqual([2, [], false]);
    expect(sends[1]?.notes).toEqual(sends[0]?.notes);
    sends[1]?.answer('11');
    await acks.flush();
    expect([written, acks.failed]).toEqual([[1], false]);
  });

  it('tell the recorder in words that it knows when the job is still not ours', async () => {
    const { acks, write, sends, writes } = acking({ kind: 'over', answer: 'lost' });
    await write(1);
    sends[0]?.answer('10');
    await acks.flush();
    const again = writes[0]?.();
    sends[1]?.answer('10');
    await expect(again).rejects.toMatchObject({ code: -2 });
  });

  it('remember that Redis would not take one, and count that end as not written', async () => {
    for (const end of [
      { kind: 'over', answer: 'lost' },
      { kind: 'refused', error: new Error('OOM') },
    ] as const) {
      const { acks, write, sends, written } = acking(end);
      await write(1);
      await write(2);
      expect(acks.failed).toBe(false);
      sends[0]?.answer('10');
      sends[1]?.answer('11');
      await acks.flush();
      expect([acks.failed, written]).toEqual([true, [2]]);
    }
  });

  it('wait for what else is written about rows, and flush it with the ends', async () => {
    const { acks } = acking();
    let answer: (value: unknown) => void = () => undefined;
    let isWritten = false;
    const carrying = acks.carry(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
      () => {
        isWritten = true;
      },
    );
    expect([await isThrough(carrying), await isThrough(acks.flush())]).toEqual([false, false]);
    answer(1);
    await carrying;
    expect(isWritten).toBe(true);
  });

  it('flush what is written while they flush, and nothing when there is nothing', async () => {
    const { acks, write, sends } = acking();
    await acks.flush();
    await write(1);
    const flushed = acks.flush();
    await write(2);
    sends[0]?.answer('11');
    expect(await isThrough(flushed)).toBe(false);
    sends[1]?.answer('11');
    expect(await isThrough(flushed)).toBe(true);
  });
});
