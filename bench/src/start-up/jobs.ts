import { defineJob } from '@bullpen/shared';
import type { StandardSchemaV1 } from '@standard-schema/spec';

/** A schema that costs nothing to load: how long an app takes to load is the app's affair. */
const anything: StandardSchemaV1<{ id: number }> = {
  '~standard': { version: 1, vendor: 'bench', validate: (value) => ({ value: value as { id: number } }) },
};

/** The job of the commands whose start-up is measured. */
export const job = defineJob({ name: 'bench.start', queue: 'start', payload: anything });
