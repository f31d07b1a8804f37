import { type JobDefinition, QueueFull } from '@bullpen/shared';
import { ChunkWriter } from './chunk-writer.js';
import { idFor } from './enqueue-options.js';
import type { EnqueuedRow } from './enqueued.js';
import { CHUNK_BYTES, CHUNK_JOBS, type Inserted, type JobRow } from './insert.js';
import { writePayload } from './payload.js';
import { untilAborted } from './until-aborted.js';
import { untilRoom } from './until-room.js';

/** What {@link enqueueAll} needs beside the payloads. */
export interface EnqueuingMany {
  readonly job: JobDefinition;
  readonly key: ((payload: never, index: number) => string) | undefined;
  readonly maxWaiting: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly insert: (rows: readonly JobRow[]) => Promise<Inserted>;
}

/** Enqueues payloads in chunks, and answers for each, in order. */
export async function enqueueAll(
  payloads: Iterable<unknown> | AsyncIterable<unknown>,
  { job, key, maxWaiting, signal, insert }: EnqueuingMany,
): Promise<EnqueuedRow[]> {
  const answers: EnqueuedRow[] = [];
  const stop = new AbortController();
  const writer = new ChunkWriter<JobRow & { readonly index: number }>({
    ...{ rows: CHUNK_JOBS, bytes: CHUNK_BYTES, seal: () => undefined, failed: () => stop.abort() },
    async send(rows) {
      const inserted = await untilRoom(() => insert(rows), signal);
      if (inserted.kind !== 'ok') throw new QueueFull(job.queue, maxWaiting ?? 0);
      for (const [at, { id, index }] of rows.entries())
        answers[index] = { id, status: inserted.answers[at] ?? 'added' };
    },
  });
  let index = 0;
  /** Takes one payload; a promise only when it must be waited for. */
  const take = (payload: unknown): Promise<void> | undefined => {
    const id = idFor(job, key?.(payload as never, index));
    const at = index;
    index += 1;
    const written = writePayload(job, payload);
    const add = (checked: Awaited<typeof written>): Promise<void> | undefined => {
      if (checked.ok) return writer.add({ id, data: checked.value, index: at });
      answers[at] = { status: 'rejected', faults: checked.faults };
      return undefined;
    };
    return written instanceof Promise ? written.then(add) : add(written);
  };
  try {
    // Not `for await` for both: it waits three times for each payload that is there already.
    if (Symbol.asyncIterator in payloads) {
      for await (const payload of untilAborted(payloads, stop.signal)) await take(payload);
    } else {
      for (const payload of payloads) {
        const waiting = take(payload);
        if (waiting !== undefined) await waiting;
      }
    }
  } catch (error) {
    // No chunk may be under way when the caller is told, or it would outlive close().
    await writer.flush().catch(() => undefined);
    throw error;
  }
  await writer.flush();
  return answers;
}
