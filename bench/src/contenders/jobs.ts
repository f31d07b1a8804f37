import { defineJob } from '@bullpen/shared';
import { z } from 'zod';

/** The jobs of the bench, by kind of row, validated as a team would. */
export const JOBS = {
  row: defineJob({
    name: 'bench.row',
    queue: 'row',
    payload: z.object({ id: z.number().int(), email: z.email(), note: z.string() }),
  }),
  /** A job with nothing to do: the bench measures the engine and what surrounds it. */
  empty: defineJob({ name: 'bench.empty', queue: 'empty', payload: z.object({ id: z.number() }) }),
};
