import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Producer } from '@bullpen/producer';
import { hostNow } from '../support/host-now.js';
import { idStartOf, jobOf, startOfId } from './jobs.js';
import { appendLine, type LedgerLine, readLines } from './ledger.js';
import type { Plan, PlannedCancel } from './planned.js';
import type { AcceptedLine, CancelIntentLine, CancelLine, ReuseLine } from './producer-lines.js';
import { untilAnswered } from './until-answered.js';

const LOOK_MS = 50;
/** A job that never starts, or never ends, is cancelled all the same after this time. */
const PATIENCE_MS = 6_000;

/**
 * Makes the calls of `cancel` that the plan has and that are not answered yet, and writes down what
 * they answered.
 */
export async function cancelJobs(producer: Producer, plan: Plan, folder: string): Promise<void> {
  const done = new Set(readLines<CancelLine>(join(folder, 'cancels.ndjson')).map(({ key }) => key));
  const left = new Set(plan.cancels.filter(({ key }) => !done.has(key)));
  const running: Promise<void>[] = [];
  while (left.size > 0) {
    const accepted = new Map(
      readLines<AcceptedLine>(join(folder, 'accepted.ndjson')).flatMap(({ ids, at }) =>
        ids.map((id): [string, { id: string; at: number }] => [startOfId(id), { id, at }]),
      ),
    );
    const ledger = readLines<LedgerLine>(join(folder, 'ledger.ndjson'));
    for (const planned of left) {
      const job = accepted.get(idStart(plan, planned));
      if (job === undefined || !isTime(planned, job, ledger)) continue;
      left.delete(planned);
      running.push(cancelOne(producer, plan, planned, job.id, folder));
    }
    await sleep(LOOK_MS);
  }
  await Promise.all(running);
}

function idStart(plan: Plan, { chunk, key }: PlannedCancel): string {
  const planned = plan.chunks[chunk];
  return planned === undefined ? '' : idStartOf(planned, key);
}

function isTime({ when }: PlannedCancel, { id, at }: { id: string; at: number }, ledger: readonly LedgerLine[]) {
  if (when === 'accepted' || hostNow() - at > PATIENCE_MS) return true;
  const event = when === 'started' ? 'start' : 'end';
  return ledger.some((line) => line.jobId === id && line.event === event);
}

async function cancelOne(
  producer: Producer,
  plan: Plan,
  { chunk, key, again }: PlannedCancel,
  id: string,
  folder: string,
): Promise<void> {
  const planned = plan.chunks[chunk];
  if (planned === undefined) return;
  const job = jobOf(planned);
  // A producer that was killed may have made the call before.
  const asked = join(folder, 'cancel-intents.ndjson');
  appendLine(asked, { key, at: hostNow() } satisfies CancelIntentLine);
  const { at: sentAt = 0 } = readLines<CancelIntentLine>(asked).find((line) => line.key === key) ?? {};
  const answer = await untilAnswered(() => producer.cancel(job, id));
  appendLine(join(folder, 'cancels.ndjson'), { key, id, sentAt, at: hostNow(), answer } satisfies CancelLine);
  const payload = planned.jobs.find((one) => one.key === key);
  if (!again || answer !== 'cancelled' || payload === undefined) return;
  const { priority } = planned;
  const reusedAt = hostNow();
  const options = { key, ...(priority === 0 ? {} : { priority }) };
  const reuse = await untilAnswered(() => producer.enqueue(job, payload, options));
  const line: ReuseLine = { key, cancelled: id, ...reuse, sentAt: reusedAt, at: hostNow() };
  appendLine(join(folder, 'reuses.ndjson'), line);
}
