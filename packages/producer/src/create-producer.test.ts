import { ConfigInvalid, defineJob, OptionsInvalid } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { broken, good, sourceOf } from '../test/batch-redis.js';
import { createProducer } from './create-producer.js';

describe('createProducer', () => {
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
});
