import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { until } from '../support/until.js';
import type { Container } from './support/container.js';
import { type Containers, test } from './support/container-world.js';

const APP = fileURLToPath(new URL('../../dist/fixtures/', import.meta.url));

/** The producer's image with the test's jobs; the last word is the command's. */
function produce(containers: Containers, args: readonly string[], input?: string): Promise<Container> {
  const app = ['--volume', `${APP}:/app:ro`, '--env', 'BULLPEN_JOBS=/app/jobs.js'];
  return containers.runOurs('bullpen-producer', args, app, input);
}

const ROWS = 'id,email\n1,ada@example.com\n2,nowhere\n3,grace@example.com\n';

describe.concurrent('the image of the producer', () => {
  test('says what it can do when it is told nothing', async ({ containers }) => {
    const { code, stdout } = await containers.run('bullpen-producer', []).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('Usage: bullpen-producer') });
  });

  test('reads a batch from its standard input, and a mounted file; rejects go into a mounted folder; 65 says so', async ({
    world,
    containers,
  }) => {
    const piped = await produce(containers, ['batch', 'test.row', '-', '--format', 'csv', '--name', 'piped'], ROWS);
    expect(await piped.ended).toMatchObject({ code: 65, stdout: expect.stringContaining('2 added') });
    expect(await world.queue('rows').getJobCounts('waiting')).toEqual({ waiting: 2 });

    await world.file('rows.csv', ROWS);
    const rejects = ['--rejects', '/folder/rejects.ndjson'];
    const mounted = await produce(containers, [
      ...['batch', 'test.row', '/folder/rows.csv', '--name', 'mounted'],
      ...rejects,
    ]);
    expect(await mounted.ended).toMatchObject({ code: 65, stdout: expect.stringContaining('2 added') });
    const rejected = await readFile(join(world.folder, 'rejects.ndjson'), 'utf8');
    expect(JSON.parse(rejected)).toMatchObject({ line: 3 });
  });

  test('is stopped in the middle of a pipe that says nothing more: 75, and the same command goes on', async ({
    world,
    containers,
  }) => {
    const batch = ['batch', 'test.row', '-', '--format', 'csv', '--name', 'stopped'];
    const producer = await produce(containers, batch, 'keep open');
    await until('the batch to have books', async () => (await world.keys()).some((key) => key.endsWith(':batches')));
    await producer.kill('SIGINT');
    expect(await producer.ended).toMatchObject({ code: 75 });
    const again = await produce(containers, batch, ROWS);
    expect(await again.ended).toMatchObject({ code: 65, stdout: expect.stringContaining('2 added') });
  });

  test('wrong usage is 64, no Redis 69, both in words', async ({ containers }) => {
    const wrong = await produce(containers, ['batch', 'test.rwo', '-', '--name', 'wrong'], ROWS);
    expect(await wrong.ended).toMatchObject({ code: 64, stderr: expect.stringContaining("Did you mean 'test.row'?") });
    const nowhere = await produce(containers, [
      ...['enqueue', 'test.row', '--data', '{"id":1,"email":"ada@example.com"}'],
      ...['--redis', 'redis://nowhere.invalid:6379', '--redis-timeout', '500ms'],
    ]);
    expect(await nowhere.ended).toMatchObject({ code: 69, stderr: expect.stringContaining('nowhere.invalid') });
  });
});
