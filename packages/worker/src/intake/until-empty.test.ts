import type { Logger } from '@bullpen/shared';
import type { Redis } from '@bullpen/shared/internal';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Outage } from '../redis/outage.js';
import { untilEmpty } from './until-empty.js';

/** Counts of one look at a queue, in the order in which they are read. */
interface Look {
  readonly waiting?: number;
  readonly active?: number;
  readonly delayed?: number;
  readonly children?: number;
  readonly paused?: true;
}

/** Waits while a queue gives one look after the other. Answers how the wait ended and what was logged. */
async function waitOver(looks: readonly (Look | Error)[], isDraining = () => false) {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const left = [...looks];
  const exec = async () => {
    const look = left.shift() ?? {};
    if (look instanceof Error) throw look;
    const { waiting = 0, active = 0, delayed = 0, children = 0, paused } = look;
    const meta = [paused ? '1' : null, null, null, null];
    return [waiting, active, 0, delayed, 0, 0, children, meta].map((reply) => [null, reply]);
  };
  const chain = { llen: () => chain, zcard: () => chain, hmget: () => chain, exec };
  const lines: [string, unknown][] = [];
  const note = ({ queues }: { queues: object[] }, text: string): void => void lines.push([text, queues[0]]);
  const ending = untilEmpty({
    ...{ redis: { pipeline: () => chain } as unknown as Redis, prefix: 'p', queues: ['mail'], isDraining },
    outage: { noteIfOutage: () => true } as unknown as Outage,
    log: { info: note, warn: note } as unknown as Logger,
  });
  await vi.advanceTimersByTimeAsync(60_000);
  return { ended: await ending, lines };
}

const queue = 'mail';

describe('untilEmpty', () => {
  it('ends when the queues are empty, and then says nothing', async () => {
    expect(await waitOver([{}])).toEqual({ ended: 'empty', lines: [] });
  });

  it('says what it waits for, at first and when that has changed for two looks', async () => {
    const { ended, lines } = await waitOver([
      ...[{ waiting: 5 }, { active: 2 }, { delayed: 3 }, { active: 1, delayed: 2 }, { active: 1 }],
      ...[{ delayed: 3 }, { delayed: 2 }, { delayed: 1 }, { children: 1 }, { children: 1 }, { waiting: 1 }],
    ]);
    expect(ended).toBe('empty');
    expect(lines).toEqual([
      ['waiting until the queues are empty', { queue, waiting: 5 }],
      ['waiting for delayed jobs', { queue, delayed: 2 }],
      ['waiting for jobs whose children in a flow are not settled', { queue, waitingChildren: 1 }],
    ]);
  });

  it('ends when all that is left is on a paused queue, but not while a job is active there', async () => {
    const paused = true;
    const { ended, lines } = await waitOver([
      ...[{ paused, waiting: 5, active: 1 } as const, { paused, waiting: 5 } as const, { waiting: 5 }],
      ...[{ paused, waiting: 5 } as const, { paused, waiting: 5, delayed: 1 } as const],
    ]);
    expect(ended).toBe('paused');
    expect(lines).toEqual([
      ['waiting until the queues are empty', { queue, paused, waiting: 5, active: 1 }],
      ['the jobs that are left are on paused queues', { queue, paused, waiting: 5, delayed: 1 }],
    ]);
  });

  it('waits through an outage, and ends when the worker drains', async () => {
    expect((await waitOver([new Error('away'), { waiting: 1 }])).ended).toBe('empty');
    expect((await waitOver([{ waiting: 1 }], () => true)).ended).toBe('draining');
  });
});
