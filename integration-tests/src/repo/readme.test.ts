import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProducer } from '@bullpen/producer';
import { execa } from 'execa';
import { describe, expect } from 'vitest';
import { test } from '../support/world.js';
import { sendInvoice } from './readme/jobs.js';

const FILES = ['jobs', 'handlers', 'enqueue'] as const;
const built = (file: string): string => fileURLToPath(new URL(`../../dist/repo/readme/${file}.js`, import.meta.url));

describe('the README’s example', () => {
  test('is in the README word for word', async () => {
    const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
    for (const file of FILES) {
      const source = await readFile(new URL(`./readme/${file}.ts`, import.meta.url), 'utf8');
      expect(readme, file).toContain(`\`\`\`ts\n// ${file}.ts\n${source}\`\`\``);
    }
  });

  test('does what the README says', async ({ world }) => {
    // The example uses the default prefix, as a reader's first try does; its keys are removed
    // below.
    world.onClose(async () => {
      const keys = await world.redis.keys('bullpen:default:*');
      if (keys.length > 0) await world.redis.unlink(...keys);
    });
    const env = { REDIS_URL: world.redisUrl };
    const enqueue = () => execa(process.execPath, [built('enqueue')], { env, cwd: dirname(built('enqueue')) });
    expect((await enqueue()).stdout).toMatch(/^added k-inv_1042-/);
    expect((await enqueue()).stdout).toMatch(/^duplicate k-inv_1042-/);
    const producer = createProducer({ redis: world.redisUrl });
    world.onClose(() => producer.close());
    const gone = await producer.enqueue(sendInvoice, { invoice: 'inv_1', email: 'x@gone.example' });

    const worker = world.command('bullpen-worker', ['--handlers', built('handlers'), '--until-empty'], env);
    expect(await worker.logged('invoice sent')).toMatchObject({
      invoice: 'inv_1042',
      email: 'ada@example.com',
      attempt: 1,
    });
    expect(await worker.logged('job rejected')).toMatchObject({ jobId: gone.id });
    expect((await worker.ended).code).toBe(0);
  });
});
