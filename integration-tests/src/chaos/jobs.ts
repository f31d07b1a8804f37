import { defineJob } from '@bullpen/shared';
import { idForKey } from '@bullpen/shared/internal';
import { z } from 'zod';
import { BACKOFF_JITTER, BACKOFF_MS, MAX_ATTEMPTS, POISON_CRASHES, STURDY_CRASHES } from './limits.js';
import { type JobKind, type PlannedChunk, QUEUES } from './planned.js';

const planned = z.object({
  key: z.string(),
  ms: z.number(),
  heed: z.boolean(),
  throws: z.number(),
  blockMs: z.number(),
  /** Only to make a row long: a chunk of a batch is full when it has a megabyte. */
  pad: z.string().optional(),
});

/** How the kinds differ. Timeouts are out of reach: no deadline passes in a run. */
const POLICY: Readonly<Record<JobKind, { readonly maxAttempts: number; readonly maxCrashes: number }>> = {
  work: { maxAttempts: MAX_ATTEMPTS, maxCrashes: STURDY_CRASHES },
  once: { maxAttempts: 1, maxCrashes: STURDY_CRASHES },
  fragile: { maxAttempts: MAX_ATTEMPTS, maxCrashes: POISON_CRASHES },
  poison: { maxAttempts: MAX_ATTEMPTS, maxCrashes: POISON_CRASHES },
};

const define = (queue: string, kind: JobKind) =>
  defineJob({
    name: `${kind}.${queue}`,
    queue,
    payload: planned,
    timeout: '10m',
    backoff: { type: 'fixed', delay: BACKOFF_MS, jitter: BACKOFF_JITTER },
    ...POLICY[kind],
  });

/** One definition per queue and kind. */
export const CHAOS_JOBS = QUEUES.flatMap((queue) =>
  (['work', 'once', 'fragile', 'poison'] as const).map((kind) => ({ queue, kind, job: define(queue, kind) })),
);

/** The definition of a chunk's jobs. */
export function jobOf({ queue, kind }: Pick<PlannedChunk, 'queue' | 'kind'>) {
  const found = CHAOS_JOBS.find((one) => one.queue === queue && one.kind === kind);
  if (found === undefined) throw new Error(`no chaos job of kind ${kind} on ${queue}`);
  return found.job;
}

/** How the ids of a chunk's jobs will begin: all but the mark, which each call makes anew. */
export function idStartsOf(chunk: PlannedChunk): string[] {
  return chunk.jobs.map(({ key }) => idStartOf(chunk, key));
}

/** The same for one job of a chunk. */
export function idStartOf(chunk: Pick<PlannedChunk, 'queue' | 'kind'>, key: string): string {
  return idForKey(jobOf(chunk).name, key, '');
}

/** How an id begins: all but its mark. */
export const startOfId = (id: string): string => id.slice(0, id.lastIndexOf('-') + 1);
