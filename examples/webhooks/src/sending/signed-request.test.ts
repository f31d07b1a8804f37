import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { orderEvent } from '../jobs.js';
import { buildSignedRequest } from './signed-request.js';

const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const webhook = new Webhook(secret);
const now = new Date();
const event = orderEvent.parse({
  event_id: 'evt_0123456789abcdef',
  event_type: 'order.paid',
  path: '/hooks/lantern-tea',
  order_id: '2026-104200',
  customer: 'Zoë Brontë',
  email: 'zoe.bronte@example.com',
  product: 'Sencha, 100 g',
  quantity: '2',
  amount: '24.80',
  currency: 'EUR',
  created_at: '2026-03-02T06:00:01Z',
});
const signing = { webhook, baseUrl: 'https://hooks.example.com', userAgent: 'test', attempt: 2, now };

describe('buildSignedRequest', () => {
  it('builds a request with the order in it, which the receiver can verify', () => {
    const { headers, body } = buildSignedRequest(event, signing);
    expect(new Webhook(secret).verify(body, { ...headers })).toEqual({
      type: 'order.paid',
      timestamp: '2026-03-02T06:00:01Z',
      data: expect.objectContaining({ customer: 'Zoë Brontë', quantity: 2, amount: 24.8 }),
    });
  });

  it('keeps the id of the event at every attempt, and says when it was sent', () => {
    const first = buildSignedRequest(event, { ...signing, attempt: 1, now: new Date(now.getTime() - 60_000) });
    const second = buildSignedRequest(event, signing);
    expect(first.headers['webhook-id']).toBe(second.headers['webhook-id']);
    expect(first.body).toBe(second.body);
    expect(Number(second.headers['webhook-timestamp']) - Number(first.headers['webhook-timestamp'])).toBe(60);
    expect(first.headers['webhook-signature']).not.toBe(second.headers['webhook-signature']);
    expect(second.headers['x-delivery-attempt']).toBe('2');
  });

  it.each(['https://hooks.example.com', 'https://hooks.example.com/'])('appends the path to %s', (baseUrl) => {
    const { url } = buildSignedRequest(event, { ...signing, baseUrl });
    expect(url).toBe('https://hooks.example.com/hooks/lantern-tea');
  });

  it('does not let a row choose another host', () => {
    const elsewhere = ['//evil.example', '@evil.example', 'https://evil.example/x', '/..', '.evil.example'];
    for (const path of elsewhere) expect(orderEvent.safeParse({ ...event, path }).success).toBe(false);
  });
});
