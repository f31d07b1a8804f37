import { type HandlerFunction, JobRejected, JobSnoozed } from '@bullpen/worker';
import { Webhook } from 'standardwebhooks';
import type { deliverWebhook } from '../jobs.js';
import { classifyAnswer } from './classify-answer.js';
import { readBriefly } from './read-briefly.js';
import { buildSignedRequest, type SignedRequest } from './signed-request.js';
import type { WebhookConfig } from './webhook-config.js';

/**
 * Makes the handler of `webhook.deliver`. It sends one event and turns the answer into the job's
 * outcome.
 */
export function deliverTo({ secret, baseUrl, userAgent }: WebhookConfig): HandlerFunction<typeof deliverWebhook> {
  const webhook = new Webhook(secret);
  return async (event, { attempt, signal, log }) => {
    const startedAt = performance.now();
    const request = buildSignedRequest(event, { webhook, baseUrl, userAgent, attempt, now: new Date() });
    const { status, retryAfter, text } = await post(request, signal);

    const answer = classifyAnswer(status, retryAfter, Date.now());
    switch (answer.kind) {
      case 'delivered':
        return { status, durationMs: Math.round(performance.now() - startedAt) };
      case 'refused':
        throw new JobRejected(`${answer.reason}: ${text}`);
      case 'later':
        log.debug({ eventId: event.event_id, status, retryAfter }, 'receiver asked for time');
        throw new JobSnoozed({ in: answer.waitMs }, `the receiver answered ${status} and asked for time`);
      case 'unavailable':
        throw new Error(`${answer.reason}: ${text}`);
    }
  };
}

async function post({ url, headers, body }: SignedRequest, signal: AbortSignal) {
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
    const text = await readBriefly(response);
    return { status: response.status, retryAfter: response.headers.get('retry-after'), text };
  } catch (error) {
    // Deadline, cancellation and drain: the worker recognises them by the reason of the signal.
    signal.throwIfAborted();
    // The message of a failed fetch is only 'fetch failed'; the reason is in its cause.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(`could not reach ${url}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause: error,
    });
  }
}
