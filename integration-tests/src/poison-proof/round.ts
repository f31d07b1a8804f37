import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RedisProgram } from '@bullpen/dev-redis';
import { createProducer } from '@bullpen/producer';
import { openRedis } from '@bullpen/shared/internal';
import { Queue } from 'bullmq';
import { Random } from '../chaos/random.js';
import { scripted } from '../fixtures/jobs.js';
import { RunningCommand } from '../support/command.js';
import { RedisServer } from '../support/redis-server.js';
import { Supervised } from '../support/supervised.js';
import { until } from '../support/until.js';

const HANDLERS = fileURLToPath(new URL('../../dist/fixtures/handlers.js', import.meta.url));
const PREFIX = 'poison';
const LEASE = '2s';
/** After how long the poison job kills its process. */
const KILLS_AFTER_MS = 300;
const LIMIT_MS = 10 * 60_000;

/** What a round is run with. */
export interface RoundSetting {
  readonly program: RedisProgram;
  readonly folder: string;
  readonly seed: number;
  readonly jobs: number;
  readonly workers: number;
  readonly concurrency: number;
  readonly isPoisoned: boolean;
}

/** What came of a round. */
export interface Round {
  /** From the start of the fleet until the last innocent job was completed. */
  readonly lastMs: number;
  readonly innocentsFailed: number;
  /** How many attempts at innocent jobs were lost with a process. */
  readonly repeats: number;
  readonly deaths: number;
  /** Why the poison job failed; `undefined` without one. */
  readonly poison: string | undefined;
}

/** Enqueues all jobs, starts the fleet, and waits until every job is settled. */
export async function runRound(setting: RoundSetting): Promise<Round> {
  const { program, jobs, workers, isPoisoned } = setting;
  const folder = join(setting.folder, isPoisoned ? 'with' : 'without');
  mkdirSync(folder);
  const ledger = join(folder, 'ledger.ndjson');
  const redis = await RedisServer.start(program, folder);
  const connection = openRedis(redis.url, 'worker', 'proof:poison');
  const queue = new Queue(scripted.queue, { connection, prefix: PREFIX });
  const fleet: Supervised[] = [];
  try {
    const poisonId = await enqueueAll(redis.url, setting);
    const startedAt = Date.now();
    for (let slot = 0; slot < workers; slot += 1)
      fleet.push(new Supervised(() => startWorker(redis.url, ledger, setting)));
    const total = jobs + (isPoisoned ? 1 : 0);
    await until(
      'every job to be settled',
      async () => (await queue.getJobCountByTypes('completed', 'failed')) === total,
      LIMIT_MS,
      200,
    );
    const failed = await queue.getFailed(0, -1);
    const [starts, lastAt] = readLedger(ledger);
    return {
      lastMs: lastAt - startedAt,
      innocentsFailed: failed.filter(({ id }) => id !== poisonId).length,
      repeats: starts - jobs,
      deaths: fleet.reduce((sum, worker) => sum + worker.deaths, 0),
      poison: isPoisoned ? (failed.find(({ id }) => id === poisonId)?.failedReason ?? 'not failed') : undefined,
    };
  } finally {
    await Promise.all(fleet.map((worker) => worker.stop()));
    await queue.close();
    connection.disconnect();
    await redis.kill();
  }
}

function startWorker(url: string, ledger: string, { concurrency }: RoundSetting): RunningCommand {
  const flags = ['--handlers', HANDLERS, '--redis', url, '--prefix', PREFIX, '--queue', scripted.queue];
  return new RunningCommand('bullpen-worker', [...flags, '--lease', LEASE, '--concurrency', `${concurrency}`], {
    LEDGER: ledger,
  });
}

/** @returns the id of the poison job, which is the tenth */
async function enqueueAll(url: string, { seed, jobs, isPoisoned }: RoundSetting): Promise<string | undefined> {
  const random = new Random(seed);
  const innocent = () => ({ name: 'innocent', ends: [{ do: 'work' as const, ms: random.int(1_000, 5_000) }] });
  const poison = { name: 'poison', ends: [{ do: 'kill-process' as const, ms: KILLS_AFTER_MS }] };
  const payloads = Array.from({ length: jobs }, innocent);
  const producer = createProducer({ redis: url, prefix: PREFIX });
  try {
    await producer.enqueueMany(scripted, payloads.slice(0, 9));
    const added = isPoisoned ? await producer.enqueue(scripted, poison) : undefined;
    await producer.enqueueMany(scripted, payloads.slice(9));
    return added?.id;
  } finally {
    await producer.close();
  }
}

/** How often innocent jobs were begun, and when the last of them ended. */
function readLedger(path: string): [starts: number, lastAt: number] {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  const entries = lines.map((line) => JSON.parse(line) as { event: string; name: string; at: number });
  const innocents = entries.filter(({ name }) => name === 'innocent');
  const ends = innocents.filter(({ event }) => event === 'end').map(({ at }) => at);
  return [innocents.filter(({ event }) => event === 'start').length, Math.max(0, ...ends)];
}
