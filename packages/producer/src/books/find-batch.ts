import { BatchLost, type BatchRef, BatchUnknown, hasCode, OptionsInvalid } from '@bullpen/shared';
import { batchKeys, isBatchName, isOptions, showValue, suggest } from '@bullpen/shared/internal';
import type { RedisAccess } from '../enqueue/redis-access.js';
import { findQueuesWith, listBatches } from './list-batches.js';

/**
 * Finds the queue of a batch. Looks for the books and not into the index of batches, because the
 * index may expire earlier.
 * @throws BatchUnknown when there is no such batch, with a suggestion; OptionsInvalid when several
 *   queues have a batch of this name, and for what does not address a batch
 */
export async function findBatch(batch: BatchRef, access: RedisAccess): Promise<string> {
  checkRef(batch);
  const { name, queue } = batch;
  if (!isBatchName(name)) throw await unknownBatch({ name, queue }, access);
  if (queue !== undefined) {
    const { books } = batchKeys(access.prefix, queue, name);
    if ((await access.ask((redis) => redis.exists(books))) === 1) return queue;
    throw await unknownBatch({ name, queue }, access);
  }
  const queues = await findQueuesWith(`batch:${name}`, access);
  const [only] = queues;
  if (only === undefined) throw await unknownBatch({ name, queue }, access);
  if (queues.length === 1) return only;
  const several = queues.map((found) => `'${found}'`).join(', ');
  throw new OptionsInvalid('which batch?', [
    { path: 'queue', reason: `the queues ${several} each have a batch '${name}'; say which` },
  ]);
}

/**
 * Refuses what does not address a batch. More fields are welcome: the books of a batch address it.
 * @throws OptionsInvalid
 */
export function checkRef(batch: unknown): asserts batch is BatchRef {
  const { name, queue }: { name?: unknown; queue?: unknown } = isOptions(batch) ? batch : {};
  if (typeof name !== 'string') {
    const got = showValue(isOptions(batch) ? name : batch);
    const reason = `expected the name of a batch, as in { name: 'november' }, got ${got}`;
    throw new OptionsInvalid('which batch?', [{ path: 'name', reason }]);
  }
  checkQueue(queue);
}

/** @throws OptionsInvalid when `queue` is given and no name */
export function checkQueue(queue: unknown): void {
  if (queue === undefined || typeof queue === 'string') return;
  const reason = `expected the name of a queue, got ${showValue(queue)}`;
  throw new OptionsInvalid('which batch?', [{ path: 'queue', reason }]);
}

/** @returns BatchLost in place of BatchUnknown, for a batch that was there at the beginning of a call */
export function asLost(error: unknown, batch: BatchRef, during: string): unknown {
  return hasCode(error, 'BULLPEN_BATCH_UNKNOWN') ? new BatchLost(batch, during) : error;
}

/**
 * The error for a batch that is not there. Names the queue or the batch that may be meant instead.
 */
export async function unknownBatch({ name, queue }: BatchRef, access: RedisAccess): Promise<BatchUnknown> {
  const all = await listBatches(undefined, access);
  const elsewhere = queue === undefined ? undefined : all.find((books) => books.name === name);
  const hint =
    elsewhere !== undefined
      ? ` Queue '${elsewhere.queue}' has one.`
      : suggest(name, [...new Set(all.map((books) => books.name))]);
  const place = queue === undefined ? '' : ` on queue ${showValue(queue)}`;
  const message = `there is no batch ${showValue(name)}${place}, or its books have expired.${hint || whatThereIs(all, access)}`;
  return new BatchUnknown({ name, queue }, message);
}

/** How many batches a message names. */
const NAMED = 5;

function whatThereIs(all: readonly { readonly name: string }[], { prefix }: RedisAccess): string {
  if (all.length === 0) return ` There are none under the prefix '${prefix}'.`;
  const names = all.slice(0, NAMED).map((books) => books.name);
  return ` There are: ${names.join(', ')}${all.length > NAMED ? ', …' : '.'}`;
}
