import {
  type BullpenError,
  DeadlineExceeded,
  type Duration,
  defineJob,
  HandlerCrashed,
  JobCancelled,
  JobRejected,
  JobSnoozed,
  LeaseLost,
  type Schema,
  WorkerDraining,
} from '@bullpen/shared';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { type AnyHandler, type Context, handle } from '../handlers/handler.js';
import { attempt } from './attempt.js';
import type { AttemptInput } from './attempt-input.js';
import { AttemptStop } from './attempt-stop.js';
import type { Outcome } from './outcome.js';

interface Options {
  readonly payload?: Schema;
  readonly result?: Schema;
  readonly timeout?: Duration;
  readonly maxCrashes?: number;
}

/**
 * A handler that runs `run`. All jobs are defined at the same line, so a name may be defined again.
 */
function handlerOf(run: (payload: unknown, context: Context) => unknown, options: Options = {}): AnyHandler {
  const { payload = z.unknown(), result, timeout = '1m', maxCrashes = 3 } = options;
  return handle(
    defineJob({ name: 'attempt.test', payload, timeout, maxCrashes, ...(result === undefined ? {} : { result }) }),
    run,
  );
}

async function attemptWith(handler: AnyHandler | undefined, input: Partial<AttemptInput> = {}): Promise<Outcome> {
  const { stop = new AttemptStop() } = input;
  return attempt({
    ...{
      handler,
      jobName: 'attempt.test',
      payload: undefined,
      rowId: 'j-1',
      crashes: 0,
      expiresAt: undefined,
      malformed: undefined,
    },
    startedAt: performance.now(),
    now: Date.now,
    context: (deadline) => ({ deadline, signal: stop.signal }) as Context,
    ...{ ...input, stop },
  });
}

const never = <T>(): Promise<T> => new Promise(() => undefined);
const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
const throwing = (thrown: unknown) => () => {
  throw thrown;
};

/** Makes `value` something that can be awaited, as query builders are. */
const thenable = (
  value: object,
  then: (resolve: (value: unknown) => void, reject: (e: Error) => void) => void,
): object => Object.assign(value, { then });

/** A schema that validates with `validate`, whatever that returns. */
const schemaThat = (validate: (value: unknown) => unknown): Schema => ({
  '~standard': { version: 1, vendor: 'test', validate: validate as never },
});

describe('attempt', () => {
  it('completes with the handler’s return value, now or later', async () => {
    expect(await attemptWith(handlerOf(() => ({ sent: 1 })))).toEqual({ kind: 'completed', result: { sent: 1 } });
    expect(await attemptWith(handlerOf(async () => 'sent'))).toEqual({ kind: 'completed', result: 'sent' });
    expect(await attemptWith(handlerOf(() => undefined))).toEqual({ kind: 'completed', result: undefined });
  });

  it('fails when the result is too long to be stored, and says what to do instead', async () => {
    const long = 'x'.repeat(16 * 1_048_576 - 5);
    expect(await attemptWith(handlerOf(() => long))).toMatchObject({ kind: 'completed' });
    expect(await attemptWith(handlerOf(() => `${long}123456`))).toMatchObject({
      kind: 'failed',
      error: { message: 'result of attempt.test: is longer than 16 MiB as JSON; store it elsewhere and return where' },
    });
    expect(await attemptWith(handlerOf(() => ({ long })))).toMatchObject({ kind: 'failed' });
  });

  it('rejects a malformed job, and does not call the handler with the replaced payload', async () => {
    const run = vi.fn();
    const outcome = await attemptWith(handlerOf(run), { malformed: ['data', 'opts'] });
    expect(outcome).toMatchObject({
      kind: 'rejected',
      error: {
        name: 'JobMalformed',
        message: 'the job was stored with data and opts that are not JSON; enqueue it anew',
      },
    });
    expect(run).not.toHaveBeenCalled();
  });

  it('waits for every thenable, also for a function with a then', async () => {
    const query = thenable(
      () => 'not called',
      (resolve) => resolve(3),
    );
    expect(await attemptWith(handlerOf(() => query))).toEqual({ kind: 'completed', result: 3 });
    const refused = thenable({}, (_, reject) => reject(new Error('no table')));
    expect(await attemptWith(handlerOf(() => refused))).toMatchObject({
      kind: 'failed',
      error: { message: 'no table' },
    });
  });

  it('gives the handler the parsed payload, the deadline and the signal', async () => {
    const payload = z.object({ at: z.coerce.date(), n: z.number().default(5) });
    const seen: unknown[] = [];
    const stop = new AttemptStop();
    const handler = handlerOf((...args) => seen.push(...args), { payload, timeout: '30s' });
    await attemptWith(handler, { payload: { at: '2026-01-01', extra: 1 }, startedAt: 1_000, stop });
    expect(seen).toEqual([
      { at: new Date('2026-01-01'), n: 5 },
      { deadline: 31_000, signal: stop.signal },
    ]);
  });

  it('fails with what the handler threw, now or later', async () => {
    const error = { name: 'TypeError', message: 'no such file', code: undefined };
    const typeError = new TypeError('no such file');
    for (const run of [throwing(typeError), () => Promise.reject(typeError)]) {
      expect(await attemptWith(handlerOf(run))).toMatchObject({ kind: 'failed', error });
    }
  });

  it.each([
    [undefined, 'handler threw undefined'],
    [null, 'handler threw null'],
    ['out of paper', 'handler threw "out of paper"'],
    [0, 'handler threw 0'],
  ])('fails also when a handler throws %j', async (thrown, message) => {
    expect(await attemptWith(handlerOf(throwing(thrown)))).toMatchObject({ kind: 'failed', error: { message } });
    expect(await attemptWith(handlerOf(() => Promise.reject(thrown)))).toMatchObject({ kind: 'failed' });
  });

  it('rejects a payload that does not fit the schema, with every fault, and does not call the handler', async () => {
    const run = vi.fn();
    const payload = z.object({ to: z.string('must be text'), n: z.number('must be a number') });
    expect(await attemptWith(handlerOf(run, { payload }), { payload: {} })).toMatchObject({
      kind: 'rejected',
      error: {
        message: 'payload of attempt.test: to: must be text; n: must be a number',
        code: 'BULLPEN_PAYLOAD_INVALID',
      },
    });
    expect(run).not.toHaveBeenCalled();
  });

  it('rejects a payload whose schema throws: another attempt would end the same way', async () => {
    const payload = schemaThat(throwing(new Error('broken schema')));
    expect(await attemptWith(handlerOf(() => 1, { payload }))).toMatchObject({
      ...{ kind: 'rejected', error: { message: expect.stringContaining('the schema itself threw: broken schema') } },
    });
  });

  it('waits for an asynchronous payload schema', async () => {
    const payload = z.string().refine(async (text) => text === 'good', 'is bad');
    expect(
      await attemptWith(
        handlerOf((text) => text, { payload }),
        { payload: 'good' },
      ),
    ).toMatchObject({
      ...{ kind: 'completed', result: 'good' },
    });
    expect(
      await attemptWith(
        handlerOf(() => 1, { payload }),
        { payload: 'other' },
      ),
    ).toMatchObject({ kind: 'rejected' });
  });

  it('rejects a job that has no handler, and names it', async () => {
    expect(await attemptWith(undefined, { jobName: 'mail.send' })).toMatchObject({
      ...{ kind: 'rejected', error: { message: "no handler for job 'mail.send'", code: 'BULLPEN_HANDLER_MISSING' } },
    });
  });

  it('rejects when the handler throws JobRejected, of this copy of the package or another', async () => {
    const copy = Object.assign(new Error('no such customer'), { code: 'BULLPEN_JOB_REJECTED' });
    for (const thrown of [new JobRejected('no such customer'), copy]) {
      expect(await attemptWith(handlerOf(throwing(thrown)))).toMatchObject({
        ...{ kind: 'rejected', error: { message: 'no such customer' } },
      });
    }
  });

  it('snoozes for as long, or until the instant, that the handler gave', async () => {
    const until = new Date(Date.now() + 60_000);
    expect(await attemptWith(handlerOf(throwing(new JobSnoozed({ until }))))).toMatchObject({
      ...{ kind: 'snoozed', due: { at: until.getTime() } },
    });
    expect(await attemptWith(handlerOf(throwing(new JobSnoozed({ in: '5m' }))))).toMatchObject({
      ...{ kind: 'snoozed', due: { inMs: 300_000 } },
    });
  });

  it.each([
    [1_000, 'has passed already (1970-01-01T00:00:01.000Z)'],
    [315_360_001_001, 'expected at most 10 years from now'],
  ])('fails when the instant of a snooze is wrong by the clock of the fleet: %i', async (at, fault) => {
    const handler = handlerOf(throwing(new JobSnoozed({ until: new Date(at) })));
    expect(await attemptWith(handler, { now: () => 1_000 })).toMatchObject({
      ...{ kind: 'failed', error: { code: 'BULLPEN_OPTIONS_INVALID', message: expect.stringContaining(fault) } },
    });
    expect(await attemptWith(handler, { now: () => at - 1 })).toMatchObject({ kind: 'snoozed', due: { at } });
  });

  it.each([
    Object.assign(new Error('later'), { code: 'BULLPEN_JOB_SNOOZED' }),
    Object.assign(new Error('later'), { code: 'BULLPEN_JOB_SNOOZED', due: { at: '2030' } }),
    Object.assign(new Error('later'), { code: 'BULLPEN_JOB_SNOOZED', due: { inMs: -1 } }),
  ])('fails when the handler snoozes until an invalid time: %s', async (thrown) => {
    expect(await attemptWith(handlerOf(throwing(thrown)))).toMatchObject({
      ...{ kind: 'failed', error: { message: 'JobSnoozed was given no valid time' } },
    });
  });

  it('fails when the handler snoozes wrongly, and the error names the mistake', async () => {
    const handler = handlerOf(() => {
      throw new JobSnoozed(300 as never);
    });
    expect(await attemptWith(handler)).toMatchObject({
      kind: 'failed',
      error: { code: 'BULLPEN_OPTIONS_INVALID', message: expect.stringContaining("expected { in: '5m' }") },
    });
  });

  it('expires exactly at its expiry, and neither calls the handler nor parses the payload', async () => {
    const run = vi.fn(() => 'done');
    const payload = z.never();
    expect(await attemptWith(handlerOf(run, { payload }), { now: () => 5_000, expiresAt: 5_000 })).toMatchObject({
      kind: 'expired',
      error: { code: 'BULLPEN_JOB_EXPIRED', message: expect.stringContaining('1970-01-01T00:00:05.000Z') },
    });
    expect(run).not.toHaveBeenCalled();
    expect(await attemptWith(handlerOf(run), { now: () => 4_999, expiresAt: 5_000 })).toMatchObject({
      kind: 'completed',
    });
  });

  it('expires also when the job has no handler or was cancelled', async () => {
    const stop = new AttemptStop();
    stop.abort(new JobCancelled());
    expect(await attemptWith(undefined, { now: () => 2, expiresAt: 1, stop })).toMatchObject({ kind: 'expired' });
  });
});

describe('an attempt at a job under which processes died', () => {
  it.each([
    [0, 3, 'completed'],
    [2, 3, 'completed'],
    [3, 3, 'crashed'],
    [7, 3, 'crashed'],
    [0, 1, 'completed'],
    [1, 1, 'crashed'],
  ])('after %i crashes of at most %i has %s', async (crashes, maxCrashes, kind) => {
    const run = vi.fn();
    expect((await attemptWith(handlerOf(run, { maxCrashes }), { crashes })).kind).toBe(kind);
    expect(run).toHaveBeenCalledTimes(kind === 'crashed' ? 0 : 1);
  });

  it('says how many processes died, and neither parses the payload nor sets a timer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const payload = schemaThat(throwing(new Error('looked')));
    expect(
      await attemptWith(
        handlerOf(() => 1, { payload }),
        { crashes: 3 },
      ),
    ).toMatchObject({
      kind: 'crashed',
      error: { code: 'BULLPEN_JOB_CRASHED', message: expect.stringMatching(/^3 worker processes died /) },
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends as expired, cancelled or rejected first, when that is also true', async () => {
    const stop = new AttemptStop();
    stop.abort(new JobCancelled());
    const handler = handlerOf(() => 1);
    const kinds = [
      await attemptWith(handler, { crashes: 3, now: () => 2, expiresAt: 1 }),
      await attemptWith(handler, { crashes: 3, stop }),
      await attemptWith(undefined, { crashes: 3 }),
    ].map(({ kind }) => kind);
    expect(kinds).toEqual(['expired', 'cancelled', 'rejected']);
  });
});

describe('the result of an attempt', () => {
  it('is the handler’s return value, parsed by the result schema', async () => {
    const result = z.object({ sent: z.string().transform(Number) });
    expect(await attemptWith(handlerOf(() => ({ sent: '3', more: true }), { result }))).toEqual({
      ...{ kind: 'completed', result: { sent: 3 } },
    });
  });

  it('fails the attempt when it does not fit its schema, at once or later', async () => {
    const slow = z.number().refine(async (n) => n > 0, 'too small');
    expect(await attemptWith(handlerOf(() => 'x', { result: z.number('no number') }))).toMatchObject({
      ...{ kind: 'failed', error: { message: 'result of attempt.test: no number', code: 'BULLPEN_RESULT_INVALID' } },
    });
    expect(await attemptWith(handlerOf(() => -1, { result: slow }))).toMatchObject({ kind: 'failed' });
    expect(await attemptWith(handlerOf(() => 1, { result: slow }))).toEqual({ kind: 'completed', result: 1 });
  });

  it('fails the attempt when JSON cannot write it', async () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const hostile = {
      toJSON() {
        throw Object.create(null);
      },
    };
    for (const returned of [5n, { n: 5n }, cycle, hostile]) {
      expect(await attemptWith(handlerOf(() => returned))).toMatchObject({
        ...{
          kind: 'failed',
          error: { message: expect.stringMatching(/^result of attempt\.test: cannot be written as JSON: ./) },
        },
      });
    }
  });
});

describe('an attempt that is stopped', () => {
  const reasons: Record<string, BullpenError> = {
    deadline: new DeadlineExceeded(10),
    cancelled: new JobCancelled(),
    draining: new WorkerDraining(),
    'lease lost': new LeaseLost(),
    'crashed handler': new HandlerCrashed('code that the handler left running threw', { cause: new Error('boom') }),
  };
  const endings: Record<string, () => unknown> = {
    'returns all the same': () => 'done',
    'throws because of it': throwing(new Error('aborted')),
    'throws what it was given as the reason': throwing(new JobCancelled()),
    'throws JobRejected': throwing(new JobRejected('never')),
    'throws JobSnoozed': throwing(new JobSnoozed({ in: 5 })),
  };
  const hangs = 'hangs and is abandoned';
  const outcomes: readonly [reason: string, ending: string, outcome: string][] = [
    ['deadline', 'returns all the same', 'failed BULLPEN_DEADLINE_EXCEEDED'],
    ['deadline', 'throws because of it', 'failed BULLPEN_DEADLINE_EXCEEDED'],
    ['deadline', 'throws what it was given as the reason', 'failed BULLPEN_DEADLINE_EXCEEDED'],
    ['deadline', 'throws JobRejected', 'rejected BULLPEN_JOB_REJECTED'],
    ['deadline', 'throws JobSnoozed', 'snoozed BULLPEN_JOB_SNOOZED'],
    ['deadline', hangs, 'failed BULLPEN_DEADLINE_EXCEEDED'],
    ['cancelled', 'returns all the same', 'completed'],
    ['cancelled', 'throws because of it', 'cancelled BULLPEN_JOB_CANCELLED'],
    ['cancelled', 'throws what it was given as the reason', 'cancelled BULLPEN_JOB_CANCELLED'],
    ['cancelled', 'throws JobRejected', 'rejected BULLPEN_JOB_REJECTED'],
    ['cancelled', 'throws JobSnoozed', 'snoozed BULLPEN_JOB_SNOOZED'],
    ['cancelled', hangs, 'cancelled BULLPEN_JOB_CANCELLED'],
    ['draining', 'returns all the same', 'completed'],
    ['draining', 'throws because of it', 'interrupted draining'],
    ['draining', 'throws what it was given as the reason', 'interrupted draining'],
    ['draining', 'throws JobRejected', 'rejected BULLPEN_JOB_REJECTED'],
    ['draining', 'throws JobSnoozed', 'snoozed BULLPEN_JOB_SNOOZED'],
    ['draining', hangs, 'interrupted draining'],
    ['lease lost', 'returns all the same', 'completed'],
    ['lease lost', 'throws because of it', 'interrupted lease lost'],
    ['lease lost', 'throws what it was given as the reason', 'interrupted lease lost'],
    ['lease lost', 'throws JobRejected', 'rejected BULLPEN_JOB_REJECTED'],
    ['lease lost', 'throws JobSnoozed', 'snoozed BULLPEN_JOB_SNOOZED'],
    ['lease lost', hangs, 'interrupted lease lost'],
    ['crashed handler', hangs, 'failed BULLPEN_HANDLER_CRASHED'],
    ['crashed handler', 'throws because of it', 'failed BULLPEN_HANDLER_CRASHED'],
    ['crashed handler', 'throws JobRejected', 'rejected BULLPEN_JOB_REJECTED'],
  ];

  /** An outcome in a word or two. */
  const sayOutcome = (outcome: Outcome): string => {
    if (outcome.kind === 'completed') return 'completed';
    return `${outcome.kind} ${outcome.kind === 'interrupted' ? outcome.reason : outcome.error.code}`;
  };

  it.each(outcomes)('(%s) and %s has %s', async (reason, ending, expected) => {
    const stop = new AttemptStop();
    const handler = handlerOf(async (_, { signal }) => {
      await aborted(signal);
      return ending === hangs ? never() : endings[ending]?.();
    });
    const running = attemptWith(handler, { stop });
    stop.abort(reasons[reason] as BullpenError);
    if (ending === hangs) stop.abandon(new WorkerDraining());
    expect(sayOutcome(await running)).toBe(expected);
  });

  it.each(Object.keys(reasons).map((reason) => [reason, outcomes.find(([r, e]) => r === reason && e === hangs)?.[2]]))(
    'does not start when it is stopped before (%s), and has %s',
    async (reason, expected) => {
      const run = vi.fn();
      const stop = new AttemptStop();
      stop.abort(reasons[reason as string] as BullpenError);
      expect(sayOutcome(await attemptWith(handlerOf(run), { stop }))).toBe(expected);
      expect(run).not.toHaveBeenCalled();
    },
  );

  it('does not call its handler when it was stopped while the payload was parsed', async () => {
    const run = vi.fn();
    const stop = new AttemptStop();
    const payload = z.unknown().refine(async () => {
      stop.abort(new JobCancelled());
      return true;
    });
    expect(await attemptWith(handlerOf(run, { payload }), { stop })).toMatchObject({ kind: 'cancelled' });
    expect(run).not.toHaveBeenCalled();
  });

  it('ends at once when it is abandoned while a schema hangs, before or after the handler', async () => {
    const hanging = schemaThat(never);
    for (const options of [{ payload: hanging }, { result: hanging }]) {
      const stop = new AttemptStop();
      const running = attemptWith(
        handlerOf(() => 'done', options),
        { stop },
      );
      await new Promise((resolve) => setImmediate(resolve));
      stop.abandon(new WorkerDraining());
      expect(await running).toEqual({ kind: 'interrupted', reason: 'draining' });
    }
  });

  it('fails with the error of code that the handler left running, when it is abandoned for that', async () => {
    const stop = new AttemptStop();
    const running = attemptWith(handlerOf(never), { stop });
    stop.abandon(reasons['crashed handler'] as BullpenError);
    expect(await running).toMatchObject({
      kind: 'failed',
      error: { message: 'code that the handler left running threw (cause: boom)' },
    });
  });

  it('ignores what its handler does after it was abandoned', async () => {
    let fail: ((error: Error) => void) | undefined;
    const stop = new AttemptStop();
    const running = attemptWith(
      handlerOf(() => new Promise((_, reject) => (fail = reject))),
      { stop },
    );
    stop.abandon(new WorkerDraining());
    expect(await running).toEqual({ kind: 'interrupted', reason: 'draining' });
    // An unhandled rejection would fail the run here.
    fail?.(new Error('too late'));
    await new Promise((resolve) => setImmediate(resolve));
  });
});

describe('the deadline of an attempt', () => {
  it('aborts the signal with its reason, and fails an attempt that stops for it', async () => {
    const handler = handlerOf(
      async (_, { signal }) => {
        await aborted(signal);
        throw signal.reason;
      },
      { timeout: 5 },
    );
    expect(await attemptWith(handler)).toMatchObject({
      ...{
        kind: 'failed',
        error: { code: 'BULLPEN_DEADLINE_EXCEEDED', message: 'the attempt did not finish within 5 ms' },
      },
    });
  });

  it('fails an attempt that returns later', async () => {
    const handler = handlerOf((_, { signal }) => aborted(signal).then(() => 'late'), { timeout: 5 });
    expect(await attemptWith(handler)).toMatchObject({ kind: 'failed', error: { code: 'BULLPEN_DEADLINE_EXCEEDED' } });
  });

  it('includes the time that parsing the payload takes', async () => {
    const run = vi.fn();
    const stop = new AttemptStop();
    const payload = schemaThat(async (value) => {
      await aborted(stop.signal);
      return { value };
    });
    expect(await attemptWith(handlerOf(run, { payload, timeout: 5 }), { stop })).toMatchObject({
      ...{ kind: 'failed', error: { code: 'BULLPEN_DEADLINE_EXCEEDED' } },
    });
    expect(run).not.toHaveBeenCalled();
  });

  it('keeps the reason of an earlier stop, and its own reason when a later stop comes', async () => {
    const stop = new AttemptStop();
    const handler = handlerOf(
      async (_, { signal }) => {
        await aborted(signal);
        stop.abort(new JobCancelled());
        throw new Error('aborted');
      },
      { timeout: 5 },
    );
    expect(await attemptWith(handler, { stop })).toMatchObject({ kind: 'failed' });
    const drained = new AttemptStop();
    const slow = handlerOf(
      async (_, { signal }) => {
        await aborted(signal);
        await new Promise((resolve) => setTimeout(resolve, 20));
        throw new Error('aborted');
      },
      { timeout: 5 },
    );
    const running = attemptWith(slow, { stop: drained });
    drained.abort(new WorkerDraining());
    expect(await running).toEqual({ kind: 'interrupted', reason: 'draining' });
  });
});

describe('the timer of an attempt', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('reports once a handler that still runs 3 s after its deadline, and lets it run', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stop = new AttemptStop();
    const onStuck = vi.fn();
    const running = attemptWith(handlerOf(never, { timeout: 1_000 }), { stop, onStuck });
    vi.advanceTimersByTime(1_000);
    await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(2_999);
    expect(onStuck).not.toHaveBeenCalled();
    vi.advanceTimersByTime(60_000);
    expect(onStuck).toHaveBeenCalledTimes(1);
    stop.abandon(new WorkerDraining());
    expect(await running).toMatchObject({ kind: 'failed', error: { code: 'BULLPEN_DEADLINE_EXCEEDED' } });
  });

  it('is cleared however the attempt ends', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stop = new AttemptStop();
    const attempts = [
      attemptWith(handlerOf(() => 'done')),
      attemptWith(handlerOf(throwing(new Error('boom')))),
      attemptWith(handlerOf(() => 1, { payload: z.never() })),
      attemptWith(handlerOf(() => 1, { result: z.never() })),
      attemptWith(handlerOf(() => Promise.reject(new JobRejected('never')))),
      attemptWith(
        handlerOf(() => 1),
        { now: () => 1, expiresAt: 1 },
      ),
      attemptWith(
        handlerOf(() => 1),
        { crashes: 3 },
      ),
      attemptWith(handlerOf(never), { stop }),
    ];
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    stop.abandon(new WorkerDraining());
    await Promise.all(attempts);
    expect(vi.getTimerCount()).toBe(0);
  });
});
