import { describe, expect, it } from 'vitest';
import { fetchedJob, leaseFor } from '../../test/fetched-job.js';
import type { RowNote } from '../attempt/row-note.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { RowCalls } from './row-calls.js';

const completed = (row: number): RowNote => ({ row, fate: 'completed', reason: '', text: '', key: '' });
const failed = (row: number): RowNote => ({ row, fate: 'failed', reason: 'Error: boom', text: '{}', key: 'hash' });

const job = (jobId: string) => ({
  ...{ jobId, batch: 'b1' },
  lease: leaseFor(fetchedJob({ token: `t-${jobId}` })),
});

/** Row calls over a connection that remembers each call. The test answers them. */
function sending(concurrency = 50) {
  const calls: { args: unknown[]; answer(answers: string): void; fail(error: Error): void }[] = [];
  const redis = {
    status: 'ready',
    bullpenSettleRows: (...args: unknown[]): Promise<string> =>
      new Promise((resolve, reject) => {
        calls.push({ args, answer: resolve, fail: reject });
      }),
  };
  return {
    ends: new RowCalls({ redis: redis as unknown as ScriptedRedis, prefix: 'p', queue: 'mail', concurrency }),
    calls,
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('RowCalls', () => {
  it('send the ends of a job’s rows under its lease', async () => {
    const { ends, calls } = sending();
    void ends.send(job('b-b1-1_9'), [completed(1), failed(2), completed(3), { ...completed(4), text: '{}' }]);
    await turn();
    expect(calls.map(({ args }) => args)).toEqual([
      [
        ...['p:mail:active', 'p:mail:', 'b-b1-1_9', 't-b-b1-1_9', 'b1', '1 3', 2],
        ...[2, 2, 'Error: boom', '{}', 'hash'],
        ...[4, 1, '', '{}', ''],
      ],
    ]);
  });

  it('send in one call what ends in one turn, and give each job its own answer', async () => {
    const { ends, calls } = sending();
    const sent = ['1', '2', '3'].map((id) => ends.send(job(id), [completed(Number(id))]));
    await Promise.resolve();
    const late = ends.send(job('4'), [completed(4)]);
    await turn();
    expect(calls.map(({ args }) => args.slice(2).filter((_, at) => at % 5 === 0))).toEqual([['1', '2', '3', '4']]);
    calls[0]?.answer('1011');
    expect(await Promise.all([...sent, late])).toEqual([true, false, true, true]);
  });

  it('send in one call at most half of what the worker does at once', async () => {
    const { ends, calls } = sending(4);
    for (const id of ['1', '2', '3']) void ends.send(job(id), [completed(1)]);
    await turn();
    expect(calls.map(({ args }) => (args.length - 2) / 5)).toEqual([2, 1]);
  });

  it('send what ends in the next turn in another call, without waiting for the first call', async () => {
    const { ends, calls } = sending();
    void ends.send(job('1'), [completed(1)]);
    await turn();
    void ends.send(job('2'), [completed(2)]);
    await turn();
    expect(calls).toHaveLength(2);
  });

  it('split what is too much for one call between two jobs, and give each job its own answer', async () => {
    const { ends, calls } = sending();
    const rows = Array.from({ length: 900 }, (_, at) => completed(at + 1));
    const sent = ['1', '2', '3'].map((id) => ends.send(job(id), rows));
    await turn();
    expect(calls.map(({ args }) => args.length)).toEqual([7, 7, 7]);
    calls.forEach(({ answer }, at) => void answer(at === 1 ? '0' : '1'));
    expect(await Promise.all(sent)).toEqual([true, false, true]);
  });

  it('send in a call of its own, at once, what is sent again', async () => {
    const { ends, calls } = sending();
    const [one, other] = [ends.sendAlone(job('1'), [completed(1)]), ends.sendAlone(job('2'), [completed(2)])];
    expect(calls.map(({ args }) => args[2])).toEqual(['1', '2']);
    calls[0]?.fail(new Error('WRONGTYPE'));
    calls[1]?.answer('1');
    await expect(one).rejects.toThrow('WRONGTYPE');
    expect(await other).toBe(true);
  });

  it('reject for each job of a call that failed, and for no other', async () => {
    const { ends, calls } = sending();
    const both = [ends.send(job('1'), [completed(1)]), ends.send(job('2'), [completed(2)])];
    await turn();
    calls[0]?.fail(new Error('Connection is closed.'));
    for (const one of both) await expect(one).rejects.toThrow('Connection is closed.');
  });
});
