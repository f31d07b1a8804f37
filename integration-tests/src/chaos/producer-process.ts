import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createProducer, type Producer } from '@bullpen/producer';
import { hostNow } from '../support/host-now.js';
import { cancelJobs } from './cancel-jobs.js';
import { enqueueBatch } from './enqueue-batch.js';
import { idStartsOf, jobOf } from './jobs.js';
import { appendLine, readLines } from './ledger.js';
import type { Plan, PlannedChunk } from './planned.js';
import type { AcceptedLine, IntentLine } from './producer-lines.js';
import { untilAnswered } from './until-answered.js';

/**
 * Enqueues the chunks of the plan, each at its time, cancels what the plan says, and ends when
 * everything is answered. It may be killed at any moment and started again: a call without an answer
 * is sent again, a chunk under the same keys.
 */
async function main(folder: string, redis: string, prefix: string, beganAt: number): Promise<void> {
  const plan = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8')) as Plan;
  const done = new Set(readLines<AcceptedLine>(join(folder, 'accepted.ndjson')).map(({ chunk }) => chunk));
  const producer = createProducer({ redis, prefix, redisTimeout: '2s' });
  const cancelling = cancelJobs(producer, plan, folder);
  const enqueueing = enqueueBatch(producer, plan, { folder, beganAt });
  for (const [chunk, planned] of plan.chunks.entries()) {
    if (done.has(chunk)) continue;
    await sleep(Math.max(0, beganAt + planned.atMs - hostNow()));
    await enqueueChunk(producer, chunk, planned, folder);
  }
  await Promise.all([cancelling, enqueueing]);
  await producer.close();
}

async function enqueueChunk(producer: Producer, chunk: number, planned: PlannedChunk, folder: string): Promise<void> {
  const intents = join(folder, 'intents.ndjson');
  const isFirst = !readLines<IntentLine>(intents).some((line) => line.chunk === chunk);
  appendLine(intents, { chunk, ids: idStartsOf(planned), at: hostNow() } satisfies IntentLine);
  const { priority, delayMs, expires } = planned;
  const options = {
    key: (job: { key: string }) => job.key,
    ...(priority === 0 ? {} : { priority }),
    ...(delayMs === 0 ? {} : { delay: delayMs }),
    ...(expires && { expiresIn: '5m' as const }),
  };
  const before = { failed: false, unanswered: !isFirst };
  let sentAt = 0;
  const send = () => {
    sentAt = hostNow();
    return producer.enqueueMany(jobOf(planned), planned.jobs, options);
  };
  const answers = await untilAnswered(send, ({ unanswered }) => {
    before.failed = true;
    before.unanswered ||= unanswered;
  });
  const enqueued = answers.flatMap((answer) => ('id' in answer ? [answer] : []));
  const ids = enqueued.map(({ id }) => id);
  const added = enqueued.flatMap(({ status, id }) => (status === 'added' ? [id] : []));
  const wasRefused = before.failed && !before.unanswered;
  const line: AcceptedLine = { chunk, ids, added, sentAt, at: hostNow(), wasRefused };
  appendLine(join(folder, 'accepted.ndjson'), line);
}

const [folder = '', redis = '', prefix = '', beganAt = '0'] = process.argv.slice(2);
await main(folder, redis, prefix, Number(beganAt));
