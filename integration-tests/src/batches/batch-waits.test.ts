import { describe, expect } from 'vitest';
import { handleRow, scriptedHandlers } from '../fixtures/handlers.js';
import { row, scripted } from '../fixtures/jobs.js';
import { sourceOf } from '../support/batch-source.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

const rows = (count: number) =>
  sourceOf(Array.from({ length: count }, (_, at) => ({ id: at + 1, email: 'a@example.com' })));

const waitsOf = async (world: World, name: string) => (await world.producer().batches.show({ name })).waits;

describe('a batch of which no row is attempted says why', () => {
  test('no worker takes jobs of its queue; the queue is paused; show, watch and --wait say it', async ({ world }) => {
    const producer = world.producer();
    await producer.batches.run(row, { name: 'still', source: rows(3) });
    expect(await waitsOf(world, 'still')).toEqual({ why: 'no worker' });
    await world.queue('rows').pause();
    const worker = world.worker({ handlers: [handleRow] });
    await until('the pause', async () => (await waitsOf(world, 'still'))?.why === 'paused');
    const shown = await world.producerProcess(['batches', 'show', 'still']).ended;
    expect(shown.stdout).toContain('nothing runs\tthe queue is paused\n');
    const watch = world.producerProcess(['batches', 'watch', 'still']);
    await watch.printed('batch still: 0 of 3 settled  the queue is paused  waiting 3');
    const file = await world.file('rows.csv', 'id,email\n4,d@example.com\n');
    const waiting = world.producerProcess(['batch', 'test.row', file, '--name', 'other', '--wait']);
    await until('--wait to say it', () => waiting.stderr.includes('the queue is paused'));
    await world.queue('rows').resume();
    expect([(await watch.ended).code, (await waiting.ended).code]).toEqual([0, 0]);
    expect(await waitsOf(world, 'still')).toBeUndefined();
    await worker.drain();
  });

  test('other jobs of its queue come first, and how many; then it runs, and there is no reason any more', async ({
    world,
  }) => {
    const producer = world.producer();
    const gate = `${world.folder}/gate`;
    const held = { ends: [{ do: 'until-file' as const, path: gate }] };
    await producer.enqueueMany(
      scripted,
      Array.from({ length: 7 }, () => held),
    );
    // Its name begins like that of the next one, and so do the ids of its jobs.
    await producer.batches.run(scripted, { name: 'nov-1', source: sourceOf([held, held]) });
    await producer.batches.run(scripted, { name: 'nov', source: sourceOf([held, held]), rowsPerJob: 2 });
    const worker = world.worker({ handlers: scriptedHandlers, concurrency: 2 });
    await until('two attempts', () => worker.active === 2);
    expect(await waitsOf(world, 'nov-1')).toEqual({ why: 'behind', jobs: 5, orMore: false });
    expect(await waitsOf(world, 'nov')).toEqual({ why: 'behind', jobs: 7, orMore: false });
    await world.file('gate', '');
    await producer.batches.wait({ name: 'nov' });
    expect(await waitsOf(world, 'nov')).toBeUndefined();
    await worker.drain();
  });

  test('jobs with a priority come in its order', async ({ world }) => {
    const producer = world.producer();
    const gate = `${world.folder}/gate`;
    const held = { ends: [{ do: 'until-file' as const, path: gate }] };
    const batch = (name: string, count: number, priority: number) =>
      producer.batches.run(scripted, { name, source: sourceOf(Array(count).fill(held)), priority });
    await batch('idle', 2, 9);
    await batch('urgent', 4, 1);
    const worker = world.worker({ handlers: scriptedHandlers, concurrency: 1 });
    await until('one attempt', () => worker.active === 1);
    expect(await waitsOf(world, 'urgent')).toBeUndefined();
    expect(await waitsOf(world, 'idle')).toEqual({ why: 'behind', jobs: 3, orMore: false });
    await world.file('gate', '');
    await producer.batches.wait({ name: 'idle' });
    await worker.drain();
  });

  test('it is delayed, and until when', async ({ world }) => {
    await world.producer().batches.run(row, { name: 'later', source: rows(2), delay: '1h' });
    const due = (await world.queue('rows').getDelayed())[0]?.timestamp ?? 0;
    expect(await waitsOf(world, 'later')).toEqual({ why: 'delayed', until: due + 3_600_000 });
    const shown = await world.producerProcess(['batches', 'show', 'later']).ended;
    expect(shown.stdout).toMatch(/^nothing runs\tdelayed until \d{4}-\d\d-\d\d [\d:]{8} UTC$/m);
  });
});

describe('rejected rows', () => {
  test('are counted by reason in the books, once, also when a batch is resumed; show says why', async ({ world }) => {
    const reasons = Array.from({ length: 30 }, (_, at) => `no${'x'.repeat(at)}`);
    const lines = reasons.map((email, at) => `${at + 1},${email}\n`).join('');
    const file = await world.file('rows.csv', `id,email\n${lines}many,a@example.com\nmany,b@example.com\n`);
    const { code, stderr } = await world.producerProcess(['batch', 'test.row', file, '--name', 'bad']).ended;
    expect([code, stderr]).toEqual([65, expect.not.stringContaining('z.coerce')]);
    const again = await world.producerProcess(['batch', 'test.row', file, '--name', 'bad']).ended;
    expect(again.code).toBe(65);
    const view = await world.producer().batches.show({ name: 'bad' });
    expect(view).toMatchObject({ read: 32, added: 0, rejected: 32, stage: 'settled', waits: undefined });
    expect(view.rejections).toEqual([
      { reason: expect.stringMatching(/^email: /), count: 30 },
      { reason: expect.stringMatching(/^id: /), count: 2 },
    ]);
    const { stdout } = await world.producerProcess(['batches', 'show', 'bad']).ended;
    expect(stdout).toMatch(/^rejected: 30\temail: .*$/m);
  });
});
