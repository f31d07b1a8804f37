import { defineJob, HandlersInvalid, OptionsInvalid } from '@bullpen/shared';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { handle } from './handlers/handler.js';
import { readOptions } from './read-options.js';
import { startWorker } from './worker.js';
import type { QueueOption, WorkerOptions } from './worker-options.js';

const given: WorkerOptions = { handlers: [], redis: 'redis://127.0.0.1:1' };
const job = defineJob({ name: 'options.job', queue: 'options-queue', payload: z.unknown() });

/** The same options, where an option that may be left out may also be `undefined`. */
type Undefinable<T> = { [K in keyof T]: object extends Pick<T, K> ? T[K] | undefined : T[K] };

describe('readOptions', () => {
  it('takes undefined for an option, also with exactOptionalPropertyTypes', () => {
    expectTypeOf<WorkerOptions>().toEqualTypeOf<Undefinable<WorkerOptions>>();
    expectTypeOf<QueueOption>().toEqualTypeOf<Undefinable<QueueOption>>();
    expect(readOptions({ ...given, lease: undefined, queues: undefined, logger: undefined })).toEqual(
      readOptions(given),
    );
  });

  it('fills in the defaults', () => {
    expect(readOptions(given)).toEqual({
      ...{ drainTimeoutMs: 25_000, abortGraceMs: 3_000, leaseMs: 10_000, concurrency: 20, queues: undefined },
      ...{ prefix: 'bullpen', kept: {}, fetchAhead: true },
    });
  });

  it('reads durations, and what to keep', () => {
    const options = {
      ...given,
      drainTimeout: '1m',
      abortGrace: 0,
      lease: '2s',
      keepCompleted: { count: 5, age: '1500ms' },
      keepFailed: { age: '90d' },
      events: { mail: 'all' },
    } as const;
    expect(readOptions(options)).toEqual({
      ...{ drainTimeoutMs: 60_000, abortGraceMs: 0, leaseMs: 2_000, concurrency: 20, queues: undefined },
      ...{ prefix: 'bullpen', fetchAhead: true },
      kept: { keepCompleted: 5, keepCompletedFor: 1_500, keepFailedFor: 90 * 86_400_000 },
      events: { mail: 'all' },
    });
  });

  it('fetches nothing ahead when it is told so', () => {
    expect(readOptions({ ...given, fetchAhead: false }).fetchAhead).toBe(false);
    expect(readOptions({ ...given, fetchAhead: undefined }).fetchAhead).toBe(true);
  });

  it('takes queues by name alone, too, and the default for undefined', () => {
    const options = { ...given, queues: ['mail', { name: 'images', concurrency: 2 }], lease: undefined } as never;
    expect(readOptions(options)).toMatchObject({
      ...{ queues: [{ name: 'mail' }, { name: 'images', concurrency: 2 }], leaseMs: 10_000 },
    });
  });

  it('takes the shortest lease, one second', () => {
    expect(readOptions({ ...given, lease: '1s' }).leaseMs).toBe(1_000);
  });

  it('reports once that a lease is no duration', () => {
    const wrong: object = { lease: 'soon' };
    expect(() => readOptions({ ...given, ...wrong })).toThrow(/: lease: expected a duration [^;]*$/);
  });

  it.each<[string, object, RegExp]>([
    ['a drainTimeout that is none', { drainTimeout: 'soon' }, /drainTimeout: expected a duration/],
    ['a drainTimeout no timer can hold', { drainTimeout: '25d' }, /drainTimeout: expected at most 24 days/],
    ['a negative abortGrace', { abortGrace: -1 }, /abortGrace: a duration cannot be negative/],
    ['a lease that is none', { lease: 'soon' }, /lease: expected a duration/],
    ['a lease that is too short', { lease: 999 }, /lease: expected at least 1s, got 999$/],
    ['no concurrency', { concurrency: 0 }, /concurrency: expected a whole number from 1 to 10000, got 0/],
    ['too much concurrency', { concurrency: 10_001 }, /concurrency: .* got 10001/],
    ['concurrency as text', { concurrency: '5' }, /concurrency: .* got '?5/],
    ['no concurrency for a queue', { queues: [{ name: 'mail', concurrency: 0 }] }, /queues\.mail\.concurrency: /],
    ['a number of jobs to fetch ahead', { fetchAhead: 50 }, /fetchAhead: expected true or false, got (number|50)$/],
    ['nothing as fetchAhead', { fetchAhead: null }, /fetchAhead: expected true or false, got null$/],
    ['a prefix with a colon', { prefix: 'a:b' }, /prefix: expected 1 to 100 letters/],
    ['nothing to be kept', { keepCompleted: { count: 0 } }, /keepCompleted\.count: /],
    ['no failed jobs to be kept', { keepFailed: { count: 0 } }, /keepFailed\.count: /],
    ['an age below a second', { keepFailed: { age: 999 } }, /keepFailed\.age: expected at least 1s, got 999$/],
    ['attempts', { attempts: 3 }, /attempts: is no option of startWorker; write maxAttempts in defineJob$/],
    ['removeOnComplete', { removeOnComplete: true }, /removeOnComplete: .* startWorker; write keepCompleted$/],
    ['lockDuration', { lockDuration: 30_000 }, /lockDuration: is no option of startWorker; write lease$/],
    ['a connection', { connection: {} }, /connection: is no option of startWorker; write redis: 'redis:/],
    ['a misspelt option', { concurency: 5 }, /concurency: .*\. Did you mean 'concurrency'\?$/],
    [
      'a misspelt option of a queue',
      { queues: [{ name: 'mail', slots: 5 }] },
      /queues\.slots: is no option of a queue/,
    ],
    ['a misspelt option of what is kept', { keepCompleted: { cuont: 5 } }, /keepCompleted\.cuont: .* 'count'\?$/],
    ['queues that are no list', { queues: 'mail' }, /queues: expected a list of queues such as .*, got 'mail'$/],
    ['queues by concurrency', { queues: { mail: 5 } }, /queues: expected a list of queues .*, got an object$/],
    ['no queues', { queues: [] }, /queues: expected a list of queues .*, got an empty one$/],
    ['a queue that is nothing', { queues: [null] }, /queues: expected an object .*, got null$/],
    [
      'a queue without a name',
      { queues: [{ queue: 'mail' }] },
      /queues\.queue: .*; write name; queues: expected the name/,
    ],
    ['a queue twice', { queues: ['mail', { name: 'mail', concurrency: 2 }] }, /queues: 'mail' is there twice$/],
    ['a logger without child', { logger: console }, /logger: expected a pino logger, .*, got an object$/],
    ['a level as logger', { logger: 'info' }, /logger: expected a pino logger, .*, got 'info'$/],
    ['what is kept as a number', { keepFailed: 1_000 }, /keepFailed: expected an object .*, got number$/],
    ['events that are none', { events: 'some' }, /events: expected 'all', 'ends' or 'none', or .*, got 'some'$/],
    [
      'events of a queue that are none',
      { events: { mail: 1 } },
      /events\.mail: expected 'all', 'ends' or 'none', got 1$/,
    ],
    ['an age that is none', { keepCompleted: { age: 'long' } }, /keepCompleted\.age: expected a duration/],
  ])('refuses %s', (_, wrong, message) => {
    expect(() => readOptions({ ...given, ...wrong })).toThrow(OptionsInvalid);
    expect(() => readOptions({ ...given, ...wrong })).toThrow(message);
  });

  it('refuses options that are no object', () => {
    expect(() => readOptions('redis://127.0.0.1' as never)).toThrow(/expected an object .* startWorker, got string$/);
    expect(() => readOptions(undefined as never)).toThrow(/expected an object .* startWorker, got undefined$/);
  });

  it('names every fault at once', () => {
    const wrong = { ...given, prefix: '', drainTimeout: -1, abortGrace: -1, concurrency: 0 } as const;
    expect(() => readOptions(wrong)).toThrow(/prefix: .*; drainTimeout: .*; abortGrace: .*; concurrency: /);
  });
});

describe('startWorker', () => {
  it('refuses wrong options and wrong handlers before it opens anything', () => {
    expect(() => startWorker({ ...given, concurrency: 0 })).toThrow(OptionsInvalid);
    expect(() => startWorker(given)).toThrow(HandlersInvalid);
    const handlers = [handle(job, () => 1)];
    expect(() => startWorker({ ...given, handlers: [...handlers, ...handlers] })).toThrow(/has two handlers/);
    expect(() => startWorker({ ...given, handlers, queues: [{ name: 'fax' }] })).toThrow(/no handler is for .* 'fax'/);
    expect(() => startWorker({ ...given, handlers, redis: 'http://user:hunter2@host' })).toThrow(
      /^invalid Redis address: redis: expected redis:\/\/, (?!.*hunter2)/,
    );
  });
});
