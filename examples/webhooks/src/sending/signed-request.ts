import type { Payload } from '@bullpen/shared';
import type { Webhook } from 'standardwebhooks';
import type { deliverWebhook } from '../jobs.js';

/** A request, ready for `fetch`. */
export interface SignedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Everything else that a request needs besides the event. */
export interface Signing {
  readonly webhook: Webhook;
  readonly baseUrl: string;
  readonly userAgent: string;
  readonly attempt: number;
  readonly now: Date;
}

/** Builds the request for one event, signed as https://www.standardwebhooks.com says. */
export function buildSignedRequest(event: Payload<typeof deliverWebhook>, signing: Signing): SignedRequest {
  const { webhook, baseUrl, userAgent, attempt, now } = signing;
  const { event_id: id, event_type: type, created_at: timestamp, path, ...data } = event;
  const body = JSON.stringify({ type, timestamp, data });
  return {
    url: `${baseUrl.replace(/\/+$/, '')}${path}`,
    headers: {
      'content-type': 'application/json',
      'user-agent': userAgent,
      // The same for every attempt. By this id the receiver recognises an event that it already
      // has: this is its part of at-least-once.
      'webhook-id': id,
      // The time of sending, not of the event: receivers refuse old requests, so that nobody can
      // replay one.
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': webhook.sign(id, now, body),
      'x-delivery-attempt': String(attempt),
    },
    body,
  };
}
