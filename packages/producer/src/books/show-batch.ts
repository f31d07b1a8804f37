import { batchKeys, queueKeys } from '@bullpen/shared/internal';
import type { ShowPage } from '../enqueue/producer-redis.js';
import type { RedisAccess } from '../enqueue/redis-access.js';
import { type BatchView, divideOpen, type FailureReason, stageOf } from './batch-view.js';
import { type BatchWait, findWait } from './batch-wait.js';
import { readBooks, recordOf } from './books.js';
import { unknownBatch } from './find-batch.js';

/** How many reasons a view has. */
const REASONS = 10;
/** How many jobs one call looks at. This takes Redis some milliseconds. */
const PAGE_JOBS = 5_000;

/**
 * Shows a batch as it is now.
 * @throws BatchUnknown when there is no such batch, or its books expired
 */
export async function showBatch(queue: string, batch: string, access: RedisAccess): Promise<BatchView> {
  const { prefix, ask } = access;
  const keys = queueKeys(prefix, queue);
  const { fates, reasons } = batchKeys(prefix, queue, batch);
  const look = (part: 'active' | 'delayed', from: number, withBooks: boolean): Promise<ShowPage> => {
    const kind = part === 'active' ? 'list' : 'set';
    const args = [keys.base, batch, kind, from, PAGE_JOBS, withBooks ? '1' : '', REASONS];
    return ask((redis) => redis.bullpenShowBatch(keys[part], fates, reasons, ...args));
  };
  let due = '';
  const rest = async (part: 'active' | 'delayed', first: number): Promise<number> => {
    let rows = 0;
    for (let from = first; from >= 0; ) {
      const page = await look(part, from, false);
      [from, rows] = [page[0], rows + page[1]];
      if (due === '') due = page[5] ?? '';
    }
    return rows;
  };

  const [next, active, flat = [], tally = [], queued = 0] = await look('active', 0, true);
  const books = readBooks(queue, batch, recordOf(flat));
  if (books === undefined) throw await unknownBatch({ name: batch, queue }, access);
  const counted = { active: active + (await rest('active', next)), delayed: await rest('delayed', 0), queued };
  const { cancelledAt } = books;
  const open = divideOpen(books, counted);
  const waits = open.active > 0 ? undefined : await whyItWaits(open, due);
  return { ...books, stage: stageOf(books), ...open, waits, reasons: readTally(tally) };

  async function whyItWaits({ waiting, delayed, missing }: typeof open, due: string): Promise<BatchWait | undefined> {
    if (cancelledAt !== undefined) return undefined;
    if (waiting > missing) return findWait(queue, batch, access);
    return delayed > 0 && due !== '' ? { why: 'delayed', until: Number(due) } : undefined;
  }
}

function readTally(tally: readonly string[]): FailureReason[] {
  const reasons: FailureReason[] = [];
  for (let at = 0; at < tally.length; at += 3) {
    const [reason = '', count, example = ''] = tally.slice(at, at + 3);
    reasons.push({ reason, count: Number(count), example: readExample(example) });
  }
  return reasons;
}

/** Reads an example: the row, a line break, and its error. */
function readExample(kept: string): FailureReason['example'] {
  const end = kept.indexOf('\n');
  return end < 0 ? undefined : { row: Number(kept.slice(0, end)), error: kept.slice(end + 1) };
}
