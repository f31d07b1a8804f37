import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createProducer, EnqueueStopped } from '@bullpen/producer';
import { RedisUnavailable } from '@bullpen/shared';
import { idStartsOf, jobOf } from './jobs.js';
import { appendLine, readLines } from './ledger.js';
import type { Plan } from './plan.js';

/**
 * What the producer writes before it sends a chunk (how the ids will begin), and after the answer
 * (the ids).
 */
export interface ProducerLine {
  readonly chunk: number;
  readonly ids: readonly string[];
}

/**
 * Enqueues the chunks of the plan, each at its time, and ends when all are accepted. It may be
 * killed at any moment and started again: a chunk without an answer is sent again under the same
 * keys.
 */
async function main(folder: string, redis: string, prefix: string, beganAt: number): Promise<void> {
  const plan = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8')) as Plan;
  const [intents, accepted] = [join(folder, 'intents.ndjson'), join(folder, 'accepted.ndjson')];
  const done = new Set(readLines<ProducerLine>(accepted).map(({ chunk }) => chunk));
  const producer = createProducer({ redis, prefix, redisTimeout: '2s' });

  for (const [chunk, planned] of plan.chunks.entries()) {
    if (done.has(chunk)) continue;
    await sleep(Math.max(0, beganAt + planned.atMs - Date.now()));
    appendLine(intents, { chunk, ids: idStartsOf(planned) });
    const { priority } = planned;
    const options = { key: (job: { key: string }) => job.key, ...(priority === 0 ? {} : { priority }) };
    for (;;) {
      try {
        const answers = await producer.enqueueMany(jobOf(planned), planned.jobs, options);
        appendLine(accepted, { chunk, ids: answers.flatMap((answer) => ('id' in answer ? [answer.id] : [])) });
        break;
      } catch (error) {
        if (!(error instanceof EnqueueStopped && error.cause instanceof RedisUnavailable)) throw error;
      }
    }
  }
  await producer.close();
}

const [folder = '', redis = '', prefix = '', beganAt = '0'] = process.argv.slice(2);
await main(folder, redis, prefix, Number(beganAt));
