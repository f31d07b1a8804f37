import { describe, expect, it } from 'vitest';
import type { RowNote } from '../attempt/row-note.js';
import type { ScriptedRedis, TurnReply } from '../redis/commands.js';
import { END, type PlainEnd, TurnCalls } from './turn-calls.js';

/** Turns of worker w1 of queue mail, and the arguments they were sent with. */
function turns(reply: TurnReply | Error = [[], [], '0', 0, 0]) {
  const sent: unknown[][] = [];
  const redis = {
    async bullpenTurn(args: unknown[]) {
      sent.push(args);
      if (reply instanceof Error) throw reply;
      return reply;
    },
  } as unknown as ScriptedRedis;
  const kept: unknown[] = [];
  const retention = {
    keep(...asked: unknown[]) {
      kept.push(asked);
      return { count: 5, age: 60 };
    },
  };
  return {
    turns: new TurnCalls({ redis, prefix: 'p', queue: 'mail', leaseMs: 10_000, name: 'w1', retention }),
    sent,
    kept,
  };
}

const note: RowNote = { row: 7, fate: 'completed', reason: '', text: 'kept', key: '' };
const endOf = (jobId: string, kind: PlainEnd['kind']): PlainEnd => ({
  jobId,
  token: `t-${jobId}`,
  result: 'null',
  kind,
});

describe('TurnCalls', () => {
  it('sends ends of all kinds and a fetch in one call, with all arguments of the script', async () => {
    const { turns: calls, sent, kept } = turns([[0, 0, 0], [], '0', 0, 0]);
    const ends = [endOf('j-1', END.job(2)), endOf('b-b1-7', END.row('b1', note)), endOf('b-b1-1_5', END.rows('b1'))];
    await calls.send({ ends, token: 'w:3', free: 4, ahead: 10 });
    expect(sent).toEqual([
      [
        ...['wait', 'active', 'prioritized', 'events', 'stalled', 'delayed', 'meta', 'marker', 'pc'].map(
          (key) => `p:mail:${key}`,
        ),
        ...['p:mail:completed', 'p:mail:limiter'],
        ...['p:mail:', 10_000, 'w1', 'w:3', 4, 10, 5, 60],
        ...['j-1', 't-j-1', 'null', 'job', 2],
        ...['b-b1-7', 't-b-b1-7', 'null', 'row', 'b1', 7, 'kept'],
        ...['b-b1-1_5', 't-b-b1-1_5', 'null', 'rows', 'b1'],
      ],
    ]);
    expect(kept).toEqual([['mail', 'completed']]);
  });

  it('reads what the queue keeps at each turn: it may have changed', async () => {
    const { turns: calls, kept } = turns();
    for (let turn = 0; turn < 3; turn += 1) await calls.send({ ends: [], token: 't', free: 1, ahead: 0 });
    expect(kept.length).toBe(3);
  });

  it('gives each end its own answer, an error among them', async () => {
    const refused = new Error('WRONGTYPE');
    const { turns: calls } = turns([[0, -2, refused, 1], [], '0', 0, 0]);
    const { answers } = await calls.send({ ends: [], token: 't', free: 0, ahead: 0 });
    expect(answers).toEqual([0, -2, refused, 1]);
  });

  it('reads the fetched jobs, the instant of the fetch, and why there are not more', async () => {
    const fetched = [
      'j-1',
      ['name', 'mail.send', 'data', '{}'],
      'j-2',
      [],
      'j-3',
      '["name","mail.send"]',
      'x',
      0,
    ] as const;
    const { turns: calls } = turns([[], fetched, '1700000000123', 250, 1_700_000_009_000]);
    expect(await calls.send({ ends: [], token: 't', free: 2, ahead: 0 })).toEqual({
      answers: [],
      jobs: [
        ['j-1', ['name', 'mail.send', 'data', '{}']],
        ['j-2', []],
        ['j-3', ['name', 'mail.send']],
      ],
      strangers: ['x'],
      ...{ fetchedAt: 1_700_000_000_123, limitedMs: 250, dueAt: 1_700_000_009_000 },
    });
  });

  it('throws what the connection throws', async () => {
    const { turns: calls } = turns(new Error('Connection is closed.'));
    await expect(calls.send({ ends: [], token: 't', free: 1, ahead: 0 })).rejects.toThrow('Connection is closed.');
  });
});
