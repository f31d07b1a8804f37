import { BatchUnknown, OptionsInvalid } from '@bullpen/shared';
import { batchKeys, isBatchName, showValue, suggest } from '@bullpen/shared/internal';
import type { RedisReading } from '../enqueue/redis-access.js';
import { listBatches, queuesWith } from './list-batches.js';

/** Which batch is meant: its name, and its queue when several have one by that name. */
export interface BatchChoice {
  readonly queue?: string | undefined;
}

/**
 * Finds the queue of a batch. By its books, not by the index of batches, which may be
 * shorter-lived.
 * @throws BatchUnknown when there is none, with what may have been meant; OptionsInvalid when
 *   several queues have one by this name
 */
export async function findBatch(name: string, { queue }: BatchChoice, access: RedisReading): Promise<string> {
  if (!isBatchName(name)) throw await unknownBatch(name, queue, access);
  if (queue !== undefined) {
    const { books } = batchKeys(access.prefix, queue, name);
    if ((await access.ask((redis) => redis.exists(books))) === 1) return queue;
    throw await unknownBatch(name, queue, access);
  }
  const queues = await queuesWith(`batch:${name}`, access);
  const [only] = queues;
  if (only === undefined) throw await unknownBatch(name, queue, access);
  if (queues.length === 1) return only;
  const several = queues.map((found) => `'${found}'`).join(', ');
  throw new OptionsInvalid('which batch?', [
    { path: 'queue', reason: `the queues ${several} each have a batch '${name}'; say which` },
  ]);
}

/** What to say of a batch that is not there; in so many words that a slip of the hand is found. */
export async function unknownBatch(
  name: string,
  queue: string | undefined,
  access: RedisReading,
): Promise<BatchUnknown> {
  const all = await listBatches(undefined, access);
  const elsewhere = queue === undefined ? undefined : all.find(({ batch }) => batch === name);
  const hint =
    elsewhere !== undefined
      ? ` Queue '${elsewhere.queue}' has one.`
      : suggest(name, [...new Set(all.map(({ batch }) => batch))]);
  const place = queue === undefined ? '' : ` on queue ${showValue(queue)}`;
  return new BatchUnknown(`there is no batch ${showValue(name)}${place}, or its books have expired.${hint}`);
}
