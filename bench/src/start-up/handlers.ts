import { handle } from '@bullpen/worker';
import { job } from './jobs.js';

/** The handlers of the worker whose start-up is measured. */
export const handlers = [handle(job, async () => undefined)];
