import { handle } from '@bullpen/worker';
import { deliverWebhook } from './jobs.js';
import { deliverTo } from './sending/deliver-to.js';
import { readWebhookConfig } from './sending/webhook-config.js';

/**
 * What `bullpen-worker --handlers dist/handlers.js` serves. The configuration is read when the
 * worker loads this module, so that a worker without a secret does not start, instead of failing
 * its first job.
 */
export const webhooks = handle(deliverWebhook, deliverTo(readWebhookConfig()));
