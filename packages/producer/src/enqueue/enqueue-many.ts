import { type JobDefinition, QueueFull } from '@bullpen/shared';
import { CHUNK_BYTES, CHUNK_JOBS, type JobRow } from './chunk.js';
import { ChunkWriter } from './chunk-writer.js';
import { checkKey } from './enqueue-options.js';
import { EnqueueStopped } from './enqueue-stopped.js';
import type { EnqueuedRow } from './enqueued.js';
import type { InsertReply } from './insert-reply.js';
import { writePayload } from './payload.js';
import { untilAborted } from './until-aborted.js';
import { untilRoom } from './until-room.js';

/** What {@link enqueueMany} needs beside the payloads. */
export interface EnqueueManyDeps {
  readonly job: JobDefinition;
  readonly key: ((payload: never, index: number) => string) | undefined;
  readonly maxWaiting: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly insert: (rows: readonly JobRow[]) => Promise<InsertReply>;
}

/**
 * Enqueues payloads in chunks. Answers for each payload, in order.
 * @throws EnqueueStopped with the answers until then, whatever ended it
 */
export async function enqueueMany(
  payloads: Iterable<unknown> | AsyncIterable<unknown>,
  { job, key, maxWaiting, signal, insert }: EnqueueManyDeps,
): Promise<EnqueuedRow[]> {
  const answers: EnqueuedRow[] = [];
  const failing = new AbortController();
  const writer = new ChunkWriter<JobRow & { readonly index: number }>({
    ...{ maxRows: CHUNK_JOBS, maxCharacters: CHUNK_BYTES },
    ...{ takeRange: () => undefined, onFailure: () => failing.abort() },
    async send(rows) {
      const inserted = await untilRoom(() => insert(rows), signal);
      if (inserted.kind !== 'ok') throw new QueueFull(job.queue, maxWaiting ?? 0);
      for (const [at, enqueued] of inserted.jobs.entries()) answers[(rows[at] as { index: number }).index] = enqueued;
    },
  });
  let next = 0;
  const stopped = (error: unknown): EnqueueStopped =>
    new EnqueueStopped(
      Array.from({ length: next }, (_, at) => answers[at]),
      error,
    );
  /** Takes one payload. Returns a promise only when the caller must wait. */
  const take = (payload: unknown): Promise<void> | undefined => {
    const index = next;
    const own = key?.(payload as never, index);
    if (key !== undefined) checkKey(job, own);
    next += 1;
    const written = writePayload(job, payload);
    const add = (checked: Awaited<typeof written>): Promise<void> | undefined => {
      if (checked.ok) return writer.add({ key: own, data: checked.value, index });
      answers[index] = { status: 'rejected', faults: checked.faults };
      return undefined;
    };
    return written instanceof Promise ? written.then(add) : add(written);
  };
  try {
    // `for await` over an Iterable would wait three times for each payload that is there already.
    if (Symbol.asyncIterator in payloads) {
      for await (const payload of untilAborted(payloads, failing.signal)) await take(payload);
    } else {
      for (const payload of payloads) {
        const waiting = take(payload);
        if (waiting !== undefined) await waiting;
      }
    }
  } catch (error) {
    // No chunk may be on its way when the caller hears of the error: it would outlive close().
    await writer.flush().catch(() => undefined);
    throw stopped(error);
  }
  await writer.flush().catch((error: unknown) => {
    throw stopped(error);
  });
  return answers;
}
