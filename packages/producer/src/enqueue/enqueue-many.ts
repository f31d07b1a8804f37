import type { JobDefinition } from '@bullpen/shared';
import { CHUNK_BYTES, CHUNK_JOBS, type ChunkOptions } from './chunk.js';
import { ChunkWriter } from './chunk-writer.js';
import { checkKey } from './enqueue-options.js';
import { EnqueueStopped } from './enqueue-stopped.js';
import type { EnqueuedRow } from './enqueued.js';
import type { SingleJob } from './insert-jobs.js';
import type { JobAnswer } from './insert-reply.js';
import { writePayload } from './payload.js';
import { enqueuedOrThrow } from './refused.js';
import { untilAborted } from './until-aborted.js';
import { untilRoom } from './until-room.js';

/** What {@link enqueueMany} needs beside the payloads. */
export interface EnqueueManyDeps {
  readonly job: JobDefinition;
  readonly key: ((payload: never, index: number) => string) | undefined;
  readonly options: ChunkOptions;
  readonly signal: AbortSignal | undefined;
  /** Inserts all of these jobs or none; answers as `prepareJobs` does for a whole chunk. */
  readonly insert: (jobs: readonly SingleJob[]) => Promise<JobAnswer[]>;
}

/**
 * Enqueues payloads in chunks. Answers for each payload, in order.
 * @throws EnqueueStopped with the answers until then, whatever ended it
 */
export async function enqueueMany(
  payloads: Iterable<unknown> | AsyncIterable<unknown>,
  { job, key, options, signal, insert }: EnqueueManyDeps,
): Promise<EnqueuedRow[]> {
  const answers: EnqueuedRow[] = [];
  const failing = new AbortController();
  const writer = new ChunkWriter<SingleJob & { readonly index: number }>({
    ...{ maxRows: CHUNK_JOBS, maxCharacters: CHUNK_BYTES },
    ...{ takeRange: () => undefined, onFailure: () => failing.abort() },
    async send(jobs) {
      let inserted: JobAnswer[] = [];
      await untilRoom(async () => {
        inserted = await insert(jobs);
        return inserted[0] as JobAnswer;
      }, signal);
      for (const [at, answer] of inserted.entries()) {
        answers[(jobs[at] as { index: number }).index] = enqueuedOrThrow(answer, job, options);
      }
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
      if (checked.ok) return writer.add({ job, options, key: own, data: checked.value, index });
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
