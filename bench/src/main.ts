import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDevRedis } from '@bullpen/dev-redis';
import { createProducer } from '@bullpen/producer';
import { openRedis } from '@bullpen/shared';
import { execa } from 'execa';
import type { Measured, Task } from './contenders.js';
import { empty } from './jobs.js';
import { writeRows } from './workload.js';

/** Ours against raw BullMQ: the same work, the same Redis, the same run, in turn. Only ratios are claimed. */
interface Comparison {
  readonly title: string;
  readonly raw: string;
  readonly ours: string;
  readonly jobs: number;
  readonly unit: string;
}

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const COMPARISONS: readonly Comparison[] = [
  {
    title: '200,000 NDJSON rows, read and enqueued (raw: addBulk of 1,000)',
    raw: 'enqueue raw',
    ours: 'enqueue bullpen',
    jobs: 200_000,
    unit: 'rows/s',
  },
  {
    title: '50,000 empty jobs, one worker process, concurrency 50',
    raw: 'process raw',
    ours: 'process bullpen',
    jobs: 50_000,
    unit: 'jobs/s',
  },
];

type Round = Measured & { readonly rssMb: number };

async function run(contender: string, task: Task): Promise<Round> {
  const script = fileURLToPath(new URL('./contender.js', import.meta.url));
  const { stdout } = await execa(process.execPath, [script, contender, JSON.stringify(task)], { stderr: 'inherit' });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Round;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const perSecond = ({ jobs, ms }: Measured): number => (jobs / ms) * 1000;
const show = (value: number): string => Math.round(value).toLocaleString('en-US');

const redis = await startDevRedis();
const folder = await mkdtemp(join(tmpdir(), 'bullpen-bench-'));
const admin = openRedis(redis.url, 'worker', 'bench:admin');
const lines = [
  '# Bench results',
  '',
  'Made by `pnpm bench`. Machines differ and are noisy: read the ratios, which compare runs made in turn on one Redis, not the rates.',
  '',
  `Node ${process.versions.node}, ${redis.description.split(',')[0]}, ${cpus().length} cores, ${ROUNDS} rounds, medians.`,
  '',
  '| what | raw BullMQ | Bullpen | ratio (min … max) | memory of our process |',
  '|---|---|---|---|---|',
];
try {
  const file = join(folder, 'rows.ndjson');
  await writeRows(file, 200_000);
  for (const { title, raw, ours, jobs, unit } of COMPARISONS) {
    const rounds: { raw: Round; ours: Round }[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      const measured: Partial<Record<'raw' | 'ours', Round>> = {};
      for (const [side, contender] of [
        ['raw', raw],
        ['ours', ours],
      ] as const) {
        await admin.flushall();
        const task = { redis: redis.url, prefix: 'bench', file, jobs };
        if (contender.startsWith('process')) await fill(task);
        measured[side] = await run(contender, task);
      }
      const both = measured as { raw: Round; ours: Round };
      rounds.push(both);
      process.stderr.write(
        `${title}, round ${round}: raw ${show(perSecond(both.raw))}, ours ${show(perSecond(both.ours))} ${unit}\n`,
      );
    }
    const ratios = rounds.map((round) => perSecond(round.ours) / perSecond(round.raw));
    const rate = (side: 'raw' | 'ours') => `${show(median(rounds.map((round) => perSecond(round[side]))))} ${unit}`;
    const spread = `**${median(ratios).toFixed(2)}** (${Math.min(...ratios).toFixed(2)} … ${Math.max(...ratios).toFixed(2)})`;
    lines.push(
      `| ${title} | ${rate('raw')} | ${rate('ours')} | ${spread} | ${show(Math.max(...rounds.map((round) => round.ours.rssMb)))} MB |`,
    );
  }
  const report = `${lines.join('\n')}\n`;
  process.stdout.write(`\n${report}`);
  await writeFile(fileURLToPath(new URL('../RESULTS.md', import.meta.url)), report);
} finally {
  admin.disconnect();
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
}

async function fill({ redis: url, prefix, jobs }: Task): Promise<void> {
  const producer = createProducer({ redis: url, prefix, redisTimeout: '30s' });
  await producer.enqueueMany(
    empty,
    Array.from({ length: jobs }, (_, id) => ({ id })),
  );
  await producer.close();
}
