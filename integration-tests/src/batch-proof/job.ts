import { defineJob } from '@bullpen/shared';
import { z } from 'zod';
import { ROW_KINDS } from './rows.js';

export const PREFIX = 'proof';
export const QUEUE = 'proof-rows';
export const BATCH = 'x';

/** Far more crashes than a run can bring to one row: no row may fail because of our kills. */
const STURDY_CRASHES = 1_000;

/** The one job of the proof. Each row says itself how its attempts end. */
export const proofRow = defineJob({
  name: 'proof.row',
  queue: QUEUE,
  payload: z.object({ row: z.number().int(), kind: z.enum(ROW_KINDS), key: z.string(), pad: z.string() }),
  maxAttempts: 2,
  maxCrashes: STURDY_CRASHES,
  backoff: { type: 'fixed', delay: 50, jitter: 0.5 },
  timeout: '10m',
});

/** The first and the last row of a job, by its id; undefined when it is not a job of the batch. */
export function rowsOf(jobId: string): { readonly first: number; readonly last: number } | undefined {
  const [, first, last = first] = /^b-x-(\d+)(?:_(\d+))?$/.exec(jobId) ?? [];
  return first === undefined ? undefined : { first: Number(first), last: Number(last) };
}
