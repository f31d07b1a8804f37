import { defineJob, type JobDefinition } from '@bullpen/shared';
import { z } from 'zod';
import type { Kind } from '../workload.js';

/** What the payloads of each kind must be, as a team would write it. */
const PAYLOADS = {
  row: z.object({ id: z.number().int(), email: z.email(), note: z.string() }),
  /** A job with nothing to do: the bench measures the engine and what surrounds it. */
  empty: z.object({ id: z.number() }),
};

const defined = new Map<string, JobDefinition>();

/** The job of a queue. Most tasks have one queue, which is named like its kind of rows. */
export function jobOf(kind: Kind, queue: string = kind): JobDefinition {
  const job = defined.get(queue) ?? defineJob({ name: `bench.${queue}`, queue, payload: PAYLOADS[kind] });
  defined.set(queue, job);
  return job;
}
