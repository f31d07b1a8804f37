import { defineJob } from '@bullpen/shared';
import { z } from 'zod';

/** A row of a file, validated as a team would. */
export const row = defineJob({
  name: 'bench.row',
  queue: 'rows',
  payload: z.object({ id: z.number().int(), email: z.email(), note: z.string() }),
});

/** A job with nothing to do: what is measured is the engine and what stands around it. */
export const empty = defineJob({ name: 'bench.empty', queue: 'empty', payload: z.object({ id: z.number() }) });
