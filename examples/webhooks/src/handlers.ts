import { handle } from '@bullpen/worker';
import { deliverWebhook } from './jobs.js';
import { deliverTo } from './sending/deliver-to.js';
import { readWebhookConfig } from './sending/webhook-config.js';

/**
 * The handlers for `bullpen-worker --handlers dist/handlers.js`. The worker reads the configuration
 * when it loads this module. So a worker without a secret does not start, instead of failing its
 * first job.
 */
export const webhooks = handle(deliverWebhook, deliverTo(readWebhookConfig()));
