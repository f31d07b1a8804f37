import type { Health } from '../src/in-flight/health.js';

/** The health of a worker to which nothing has happened. */
export const well: Health = {
  ...{ live: true, ready: true, connected: true, draining: false },
  ...{ problems: [], warnings: [], clockSkewMs: 0, stuck: [] },
};
