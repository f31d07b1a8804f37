import { defineJob, type JobDefinition, type Logger } from '@bullpen/shared';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { fetchedJob, leaseFor } from '../../test/fetched-job.js';
import type { ScriptedRedis } from '../redis/commands.js';
import type { ActiveAttempt } from './active-attempt.js';
import { ActiveAttempts } from './active-attempts.js';
import type { Recorder, WriteResult } from './recorder.js';
import { Trials } from './trials.js';

const job = defineJob({ name: 'trials.test', payload: z.unknown(), maxCrashes: 3, timeout: '1m' });
const RAN_MS = 2_000;

/** Trials on queues mail and images. Redis does what it is told, while `isOurs`. */
function trying() {
  const told: unknown[][] = [];
  const redis = { isOurs: true };
  const connection = {
    async bullpenRewrite(_: string, key: string, token: string, ...fields: string[]) {
      told.push([key, token, ...fields]);
      return redis.isOurs ? 1 : 0;
    },
    bullpenNextSuspect: async (key: string) => void told.push(['next', key]),
    bullpenNeighbours: async (...args: string[]) => void told.push(args),
  } as unknown as ScriptedRedis;
  const recorder = {
    async write<T>(_: ActiveAttempt, send: () => Promise<T>): Promise<WriteResult<T>> {
      return send().then(
        (value) => ({ kind: 'written', value }),
        () => ({ kind: 'over', answer: 'lost' }),
      );
    },
  } as unknown as Recorder;
  const active = new ActiveAttempts();
  const warned: string[] = [];
  const log = { warn: (_: object, message: string) => void warned.push(message) } as unknown as Logger;
  const queues = ['mail', 'images'];
  const trials = new Trials({ redis: connection, prefix: 'p', queues, active, recorder, log });
  const admit = (attempt: ActiveAttempt, definition: JobDefinition | undefined = job, hasEnded = () => false) =>
    trials.admit(attempt, definition, hasEnded);
  const begin = (id: string, more: { crashes?: number; suspectMs?: number; queue?: string } = {}): ActiveAttempt => {
    const fetched = fetchedJob({ id, ...more });
    return active.begin(fetched, leaseFor(fetched));
  };
  const suspect = (id: string, more: { crashes?: number; queue?: string } = {}) =>
    begin(id, { suspectMs: RAN_MS, ...more });
  /** Ends an attempt. */
  const end = (attempt: ActiveAttempt): void => {
    active.release(attempt);
    trials.release(attempt);
  };
  return { trials, admit, active, redis, told, warned, begin, suspect, end };
}

const NEXT = [
  ['next', 'p:mail:suspects'],
  ['next', 'p:images:suspects'],
];

afterEach(() => void vi.useRealTimers());

describe('Trials', () => {
  it('let a job that nobody suspects start at once, and tell Redis nothing', () => {
    const { admit, begin, told } = trying();
    expect(admit(begin('j-1'))).toBe('attempt');
    expect(told).toEqual([]);
  });

  it('tell Redis which suspect is on trial before it starts, and put off every other one', async () => {
    const { admit, suspect, begin, told } = trying();
    const admitted = admit(suspect('j-1'));
    expect(admit(suspect('j-2', { queue: 'images' }))).toBe('put off');
    expect(admit(begin('j-3'))).toBe('attempt');
    expect(await admitted).toBe('attempt');
    expect(told).toEqual([['p:mail:j-1', 't1', 'bullpen.trial', 'w1 1 0']]);
  });

  it('leave a suspect that is not ours any more', async () => {
    const { admit, suspect, redis } = trying();
    redis.isOurs = false;
    expect(await admit(suspect('j-1'))).toBe('leave');
  });

  it('acquit a suspect when its attempt ends, and call the next one', async () => {
    const { trials, admit, suspect, end, told } = trying();
    const attempt = suspect('j-1');
    await admit(attempt);
    told.length = 0;
    trials.acquit(attempt);
    expect(told).toEqual([['p:mail:j-1', 't1', 'bullpen.suspect', '', 'bullpen.trial', ''], ...NEXT]);
    end(attempt);
    expect(told).toHaveLength(3);
    expect(await admit(suspect('j-2'))).toBe('attempt');
  });

  it('acquit a suspect that has run for longer than it had when its process died, although it still runs', async () => {
    vi.useFakeTimers();
    const { admit, suspect, told } = trying();
    const attempt = suspect('j-1');
    await admit(attempt);
    await vi.advanceTimersByTimeAsync(RAN_MS - 1);
    expect(attempt.isSuspect).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect([attempt.isSuspect, told.slice(1)]).toEqual([
      false,
      [['p:mail:j-1', 't1', 'bullpen.suspect', '', 'bullpen.trial', ''], ...NEXT],
    ]);
  });

  it('do not acquit a suspect that is handed back, and call the next one', async () => {
    const { admit, suspect, end, told } = trying();
    const attempt = suspect('j-1');
    await admit(attempt);
    told.length = 0;
    end(attempt);
    expect([attempt.isSuspect, told]).toEqual([true, NEXT]);
  });

  it('try no suspect whose handler will not run', () => {
    const { trials, suspect, told } = trying();
    expect(trials.admit(suspect('j-1'), undefined, () => false)).toBe('attempt');
    expect(told).toEqual([]);
  });

  it('attempt a suspect alone before its last crash: others are over, nothing is fetched, nobody else starts', async () => {
    const { trials, admit, suspect, begin, end, told } = trying();
    const other = begin('j-0');
    const attempt = suspect('j-1', { crashes: 2 });
    const admitted = admit(attempt);
    expect(trials.isAlone).toBe(true);
    const late = [begin('j-2'), suspect('j-3')];
    expect(late.map((one) => admit(one))).toEqual(['hand back', 'put off']);
    expect([other, attempt].map((one) => trials.mustMakeWay(one))).toEqual([true, false]);
    for (const one of late) end(one);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(told).toEqual([]);
    end(other);
    expect(await admitted).toBe('attempt');
    expect(told).toEqual([['p:mail:j-1', 't1', 'bullpen.trial', 'w1 1 0']]);
    trials.acquit(attempt);
    expect([trials.isAlone, admit(begin('j-4'))]).toEqual([false, 'attempt']);
  });

  it('put off a suspect that cannot be alone because an attempt is stuck, do not call it at once, and say so once', async () => {
    const { trials, admit, suspect, begin, end, told, warned } = trying();
    const other = begin('j-0');
    const waiting = suspect('j-1', { crashes: 2 });
    const admitted = admit(waiting);
    other.markStuck();
    expect(await admitted).toBe('put off');
    end(waiting);
    expect(trials.isAlone).toBe(false);
    const again = suspect('j-1', { crashes: 2 });
    expect(admit(again)).toBe('put off');
    end(again);
    // It would come back at once, for ever.
    expect(told).toEqual([]);
    const alone = 'job is attempted alone: processes died under it';
    const stuck = 'job cannot be attempted alone here: an attempt is stuck';
    expect(warned).toEqual([alone, stuck]);
    // A suspect that need not be alone does not mind, and a process without a stuck attempt takes all.
    expect(await admit(suspect('j-2'))).toBe('attempt');
  });

  it('let a suspect that waits to be alone end at once when its handler will not run any more', async () => {
    const { trials, admit, suspect, begin, end, told } = trying();
    begin('j-0');
    const attempt = suspect('j-1', { crashes: 2 });
    let hasEnded = false;
    const admitted = admit(attempt, job, () => hasEnded);
    expect(trials.isAlone).toBe(true);
    hasEnded = true;
    expect(await admitted).toBe('attempt');
    end(attempt);
    expect([trials.isAlone, told]).toEqual([false, NEXT]);
    // The same before it waits.
    expect([admit(suspect('j-2', { crashes: 2 }), job, () => true), trials.isAlone]).toEqual(['attempt', false]);
  });

  it.each([
    ['hand back', (active: ActiveAttempts) => active.startDraining()],
    ['leave', (_: ActiveAttempts, { lease }: ActiveAttempt) => void Object.assign(lease, { lost: true })],
  ] as const)(
    '%s a suspect that waits to be alone, when the worker drains or the lease is lost',
    async (answer, happen) => {
      const { admit, active, suspect, begin } = trying();
      begin('j-0');
      const attempt = suspect('j-1', { crashes: 2 });
      const admitted = admit(attempt);
      happen(active, attempt);
      expect(await admitted).toBe(answer);
    },
  );

  it('tell Redis once which queues are served together', async () => {
    const { trials, told } = trying();
    await trials.load();
    expect(told).toEqual([
      ['p:mail:neighbours', 'p:images:'],
      ['p:images:neighbours', 'p:mail:'],
    ]);
  });
});
