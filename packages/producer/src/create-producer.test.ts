import { ConfigInvalid, defineJob, type JobDefinition, OptionsInvalid } from '@bullpen/shared';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { broken, good, sourceOf } from '../test/batch-redis.js';
import type { BatchOptions } from './batch/batch-options.js';
import type { WaitOptions } from './batch/wait-for-batch.js';
import { createProducer } from './create-producer.js';
import type { EnqueueManyOptions } from './enqueue/enqueue-many-options.js';
import type { EnqueueOptions } from './enqueue/enqueue-options.js';
import type { CancelBatchOptions } from './manage/cancel-batch.js';
import type { RetryBatchOptions } from './manage/retry-batch.js';
import type { ProducerOptions } from './producer.js';

/** The same options, where an option that may be left out may also be `undefined`. */
type Undefinable<T> = { [K in keyof T]: object extends Pick<T, K> ? T[K] | undefined : T[K] };

describe('createProducer', () => {
  it('takes undefined for an option, as its methods do, also with exactOptionalPropertyTypes', () => {
    expectTypeOf<ProducerOptions>().toEqualTypeOf<Undefinable<ProducerOptions>>();
    expectTypeOf<EnqueueOptions>().toEqualTypeOf<Undefinable<EnqueueOptions>>();
    expectTypeOf<EnqueueManyOptions<JobDefinition>>().toEqualTypeOf<Undefinable<EnqueueManyOptions<JobDefinition>>>();
    expectTypeOf<BatchOptions>().toEqualTypeOf<Undefinable<BatchOptions>>();
    expectTypeOf<WaitOptions>().toEqualTypeOf<Undefinable<WaitOptions>>();
    expectTypeOf<RetryBatchOptions>().toEqualTypeOf<Undefinable<RetryBatchOptions>>();
    expectTypeOf<CancelBatchOptions>().toEqualTypeOf<Undefinable<CancelBatchOptions>>();
  });

  it('names all wrong options at once, before it opens a connection', () => {
    const create = () => createProducer({ redis: 'redis://127.0.0.1:1', prefix: 'a:b', redisTimeout: 'soon' as never });
    expect(create).toThrow(OptionsInvalid);
    expect(create).toThrow(
      /^cannot create the producer: redisTimeout: expected a duration .*; prefix: expected 1 to 100/,
    );
  });

  it('refuses a redisTimeout that is too long for a timer, which would fire at once', () => {
    expect(() => createProducer({ redis: 'redis://127.0.0.1:1', redisTimeout: '25d' })).toThrow(
      'redisTimeout: expected at most 24 days',
    );
  });

  it('refuses options that it does not have, and an address alone, without showing its password', () => {
    const create = (options: unknown) => () => createProducer(options as ProducerOptions);
    expect(create({ connection: {} })).toThrow("connection: is no option of createProducer; write redis: 'redis:");
    expect(create({ redis: 'redis://h', prefx: 'a' })).toThrow(
      "prefx: is no option of createProducer. Did you mean 'prefix'?",
    );
    expect(create({ redis: 'redis://h', events: 'some' })).toThrow("events: expected 'all', 'ends' or 'none', or one");
    expect(create('redis://:hunter2@host')).toThrow(
      'expected an object with the options of createProducer, got string',
    );
    expect(create('redis://:hunter2@host')).not.toThrow(/hunter2/);
    expect(create(undefined)).toThrow('expected an object with the options of createProducer, got undefined');
  });

  it('refuses an invalid address without showing its password', () => {
    const create = () => createProducer({ redis: 'http://user:hunter2@host' });
    expect(create).toThrow(ConfigInvalid);
    expect(create).not.toThrow(/hunter2/);
  });
});

describe('a producer', () => {
  it('reads a batch with dryRun without asking Redis', async () => {
    const job = defineJob({ name: 'dry.test', payload: z.object({ id: z.number() }) });
    const producer = createProducer({ redis: 'redis://127.0.0.1:1', redisTimeout: 1 });
    const source = sourceOf([good(1), broken(2)]);
    const result = await producer.batches.run(job, { name: 'b1', source, dryRun: true });
    await producer.close();
    expect(result).toEqual({
      ...{ name: 'b1', queue: job.queue, read: 2, added: 0, duplicate: 0, rejected: 1 },
      ...{ resumedAt: 0, wasFinished: false, interrupted: false },
    });
  });

  it('refuses wrong arguments of each method, before it asks Redis', async () => {
    const job = defineJob({ name: 'options.many', payload: z.unknown() });
    const producer = createProducer({ redis: 'redis://127.0.0.1:1', redisTimeout: 1 });
    const source = sourceOf([good(1)]);
    const { batches } = producer;
    const wrong = [
      producer.enqueueMany(job, [1], { attempts: 3 } as never),
      producer.enqueueMany(job, [1], { key: 'id' } as never),
      batches.run(job, { name: 'b1', source, dryRun: true, key: 'id' } as never),
      batches.run(job, { batch: 'b1', source: 'rows.csv', dryRun: true } as never),
      batches.list({ name: 'b1' } as never),
      batches.show('b1' as never),
      batches.wait({ name: 'b1', queue: 5 } as never),
      batches.cancel(null as never),
      batches.retry(job, undefined as never),
      batches.retry('options.many' as never, { name: 'b1' }),
      batches.list({ queue: 5 } as never),
      producer.enqueueMany(job, [1], null as never),
      producer.enqueueMany(job, [1], { signal: new AbortController() } as never),
      producer.enqueueMany(job, 'abc' as never),
      producer.enqueueMany(job, { id: 1 } as never),
      producer.cancel('options.many' as never, 'j-1'),
      producer.cancel(job, { status: 'added', id: 'j-1' } as never),
    ];
    const said = await Promise.all(wrong.map((call) => call.then(String, (error: Error) => error.message)));
    await producer.close();
    expect(said).toEqual([
      'cannot enqueue options.many: attempts: is no option of enqueueMany; write maxAttempts in defineJob',
      "cannot enqueue options.many: key: expected a function that makes the key of each payload, got 'id'",
      'cannot enqueue the batch: key: is no option of batches.run; write keyField, the field of each row that holds its key',
      expect.stringMatching(
        /^cannot enqueue the batch: batch: is no option of batches\.run; write name; name: expected .*; source: expected what openSource returns, got 'rows\.csv'$/,
      ),
      'cannot list the batches: name: is no option of batches.list. It has: queue.',
      "which batch?: name: expected the name of a batch, as in { name: 'november' }, got 'b1'",
      'which batch?: queue: expected the name of a queue, got 5',
      "which batch?: name: expected the name of a batch, as in { name: 'november' }, got null",
      "which batch?: name: expected the name of a batch, as in { name: 'november' }, got undefined",
      'cannot retry: job: expected what defineJob returns',
      'which batch?: queue: expected the name of a queue, got 5',
      'cannot enqueue options.many: expected an object with the options of enqueueMany, got null',
      'cannot enqueue options.many: signal: expected an AbortSignal, got an object',
      "cannot enqueue: payloads: expected a list or an async iterable of payloads, got 'abc'",
      'cannot enqueue: payloads: expected a list or an async iterable of payloads, got an object',
      'cannot cancel: job: expected what defineJob returns',
      'cannot cancel: id: expected the id of a job, as enqueue answers it, got an object',
    ]);
  });
});
