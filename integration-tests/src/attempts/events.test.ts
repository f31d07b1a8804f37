import { defineJob } from '@bullpen/shared';
import { META, queueKeys } from '@bullpen/shared/internal';
import { handle } from '@bullpen/worker';
import { afterEach, describe, expect, vi } from 'vitest';
import { z } from 'zod';
import { sendEveryScript } from '../outages/every-script.js';
import { sourceOf } from '../support/batch-source.js';
import { SentScripts } from '../support/sent-scripts.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

/** Which events a queue tells is declared by its processes. What each value leaves out: `contract`. */

const payload = z.object({ n: z.number() });
const mail = defineJob({ name: 'test.mail', queue: 'mails', payload });
const click = defineJob({ name: 'test.click', queue: 'clicks', payload });
const handlers = [handle(mail, () => undefined), handle(click, () => undefined)];

/** The names of all events of a queue, oldest first. */
async function namesOf({ redis, prefix }: World, queue: string): Promise<string[]> {
  const events = await redis.xrange(queueKeys(prefix, queue).events, '-', '+');
  return events.map(([, [, name = '']]) => name);
}

const declared = ({ redis, prefix }: World, queue: string) => redis.hget(queueKeys(prefix, queue).meta, META.events);

/** A log that keeps its warnings. */
function warningsOf() {
  const warnings: object[] = [];
  const logger = {
    ...{ child: () => logger, isLevelEnabled: () => true, debug: () => undefined, info: () => undefined },
    ...{ error: () => undefined, warn: (fields: object, text: string) => void warnings.push({ ...fields, text }) },
  };
  return { warnings, logger: logger as never };
}

describe('the events of a queue', () => {
  test('are the ends of its jobs when nobody has declared anything, and nothing is written', async ({ world }) => {
    await world.producer().enqueueMany(mail, [{ n: 1 }, { n: 2 }]);
    await world.worker({ handlers }).process.untilEmpty();
    expect(await namesOf(world, mail.queue)).toEqual(['completed', 'completed']);
    expect(await declared(world, mail.queue)).toBeNull();
  });

  test('are declared by a worker, by queue, and a producer that declares nothing obeys', async ({ world }) => {
    const worker = world.worker({ handlers, events: { mails: 'all', clicks: 'none' } });
    await worker.ready;
    expect([await declared(world, mail.queue), await declared(world, click.queue)]).toEqual(['all', 'none']);
    const producer = world.producer();
    for (const job of [mail, click]) await producer.enqueue(job, { n: 1 });
    await worker.process.untilEmpty();
    await until('mails to be drained', async () => (await namesOf(world, mail.queue)).at(-1) === 'drained');
    expect(await namesOf(world, mail.queue)).toEqual(['added', 'waiting', 'active', 'completed', 'drained']);
    expect(await world.redis.exists(queueKeys(world.prefix, click.queue).events)).toBe(0);
  });

  test('are declared by a producer before its first job, and a worker that declares nothing obeys', async ({
    world,
  }) => {
    const worker = world.worker({ handlers });
    await worker.ready;
    await world.producer({ events: 'none' }).enqueue(mail, { n: 1 });
    await worker.process.untilEmpty();
    expect(await declared(world, mail.queue)).toBe('none');
    expect(await world.redis.exists(queueKeys(world.prefix, mail.queue).events)).toBe(0);
    // No job went onto this one.
    expect(await declared(world, click.queue)).toBeNull();
  });

  test('are declared before the first row of a batch, too', async ({ world }) => {
    await world.producer({ events: 'all' }).batches.run(mail, { name: 'b', source: sourceOf([{ n: 1 }]) });
    expect(await declared(world, mail.queue)).toBe('all');
  });

  test('change for processes that run, at once', async ({ world }) => {
    const worker = world.worker({ handlers });
    const producer = world.producer();
    for (const events of ['none', 'all', 'ends'] as const) {
      await world.redis.hset(queueKeys(world.prefix, mail.queue).meta, META.events, events);
      await world.redis.del(queueKeys(world.prefix, mail.queue).events);
      await producer.enqueue(mail, { n: 1 });
      await worker.process.untilEmpty();
      const told = { none: [], ends: ['completed'], all: ['added', 'waiting', 'active', 'completed'] }[events];
      expect((await namesOf(world, mail.queue)).filter((name) => name !== 'drained')).toEqual(told);
    }
  });

  test('stay when a stock client opens the queue', async ({ world }) => {
    await world.producer({ events: 'none' }).enqueue(mail, { n: 1 });
    const queue = world.queue(mail.queue);
    await queue.waitUntilReady();
    await queue.setGlobalConcurrency(3);
    expect(await declared(world, mail.queue)).toBe('none');
    expect(await queue.getMeta()).toMatchObject({ concurrency: 3 });
  });
});

describe('a process that declares other events than the others', () => {
  afterEach(() => vi.restoreAllMocks());

  test('counts for all, and says so once: a worker in its log', async ({ world }) => {
    const { warnings, logger } = warningsOf();
    await world.producer({ events: 'none' }).enqueue(mail, { n: 1 });
    await world.worker({ handlers, events: { mails: 'all', mailz: 'all' }, logger }).ready;
    expect(await declared(world, mail.queue)).toBe('all');
    expect(warnings).toEqual([
      {
        queue: 'mailz',
        text: expect.stringMatching(/^events were declared for a queue that no job .* Did you mean 'mails'\?$/),
      },
      {
        ...{ queue: 'mails', setting: 'events', was: 'none', is: 'all' },
        text: expect.stringContaining('give all of them the same'),
      },
    ]);
  });

  test('counts for all, and says so once: a producer as a warning of its process', async ({ world }) => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    await world.worker({ handlers, events: 'all' }).ready;
    const producer = world.producer({ events: 'ends' });
    await Promise.all([producer.enqueue(mail, { n: 1 }), producer.enqueue(mail, { n: 2 })]);
    await producer.enqueue(mail, { n: 3 });
    expect(await declared(world, mail.queue)).toBe('ends');
    expect(warned.mock.calls.map(([text]) => text)).toEqual([
      expect.stringMatching(/^queue 'mails' told 'all' events, .* tells 'ends' now/),
    ]);
  });
});

describe('the commands', () => {
  test('take --events and BULLPEN_EVENTS, and refuse what is none', async ({ world }) => {
    const enqueue = (args: string[], env: Record<string, string> = {}) =>
      world.producerProcess(['enqueue', 'test.scripted', '--data', '{}', ...args], undefined, env).ended;
    expect(await enqueue([], { BULLPEN_EVENTS: 'scripted:all' })).toMatchObject({ code: 0, stderr: '' });
    expect(await namesOf(world, 'scripted')).toEqual(['added', 'waiting']);
    const { code, stderr } = await enqueue(['--events', 'none']);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/BullpenWarning: queue 'scripted' told 'all' events/)]);
    const wrong = await enqueue(['--events', 'some']);
    expect(wrong).toMatchObject({ code: 64, stderr: expect.stringContaining('--events: expected all, ends or none') });
    const worker = world.workerProcess(['--queue', 'scripted', '--until-empty'], { BULLPEN_EVENTS: 'ends' });
    expect(await worker.ended).toMatchObject({ code: 0 });
    expect(await declared(world, 'scripted')).toBe('ends');
    expect(worker.log).toContainEqual(expect.objectContaining({ setting: 'events', was: 'none', is: 'ends' }));
  });
});

/** The events of all queues, by their keys. */
async function allEvents({ redis, prefix }: World): Promise<Map<string, string[]>> {
  const keys = await redis.keys(`${prefix}:*:events`);
  const streams = await Promise.all(keys.map((key) => redis.xrange(key, '-', '+')));
  return new Map(keys.map((key, at) => [key, (streams[at] ?? []).map(([, [, name = '']]) => name)]));
}

test.for(['none', 'ends'] as const)(
  'every script that a worker and a producer send obeys queues that tell %s',
  { timeout: 120_000 },
  async (events, { world }) => {
    const scripts = new SentScripts(world);
    // All that it waits for happens: nothing of ours depends on events.
    await sendEveryScript(world, scripts, events);
    const told = new Map<string, Set<string>>();
    for (const script of scripts.sent) {
      await scripts.restore(script.before);
      const before = await allEvents(world);
      await scripts.play(script);
      for (const [key, names] of await allEvents(world)) {
        const added = names.slice(before.get(key)?.length ?? 0);
        for (const name of added) told.set(name, (told.get(name) ?? new Set()).add(script.name));
      }
    }
    expect(scripts.sent.length).toBeGreaterThan(50);
    if (events === 'none') expect(told).toEqual(new Map());
    else
      expect([...told.keys()].sort()).toEqual([
        ...['completed', 'duplicated', 'failed', 'progress', 'removed', 'retries-exhausted'],
      ]);
  },
);
