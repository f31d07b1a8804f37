import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLOSED_SHOP } from '../orders/orders.js';
import { readEventIds } from '../orders/orders-file.js';
import { latencyFor, type Mischief, mischiefFor } from './mischief.js';
import { type Receiver, startReceiver } from './receiver.js';

const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const ids = await readEventIds();

function eventWith(mischief: Mischief): string {
  const id = ids.find((candidate) => mischiefFor(candidate) === mischief && latencyFor(candidate) < 100);
  if (id === undefined) throw new Error(`no event with ${mischief}`);
  return id;
}

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver({ secret, gonePaths: [CLOSED_SHOP.path] });
});
afterEach(() => receiver.close());

function post(
  id: string,
  { key = secret, path = '/hooks/lantern-tea', body = '{}', sentAt = new Date(), url = receiver.url } = {},
) {
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1_000)),
    'webhook-signature': new Webhook(key).sign(id, sentAt, '{}'),
    'user-agent': 'test',
    'x-delivery-attempt': '1',
  };
  return fetch(`${url}${path}`, { method: 'POST', headers, body });
}

describe('receiver', () => {
  it('accepts an event, and notes it again when it comes again', async () => {
    const id = eventWith('none');
    expect((await post(id)).status).toBe(204);
    expect((await post(id)).status).toBe(204);
    const acceptance = { sender: 'test', from: '127.0.0.1', attempt: 1, answerLost: false };
    expect(receiver.books.accepted.get(id)).toEqual([acceptance, acceptance]);
    expect(receiver.books.accepted.size).toBe(1);
  });

  it('refuses a request that is unsigned, forged, changed on the way, or old', async () => {
    const id = eventWith('none');
    expect((await fetch(receiver.url, { method: 'POST', body: '{}' })).status).toBe(401);
    expect((await post(id, { key: `whsec_${Buffer.alloc(24, 8).toString('base64')}` })).status).toBe(401);
    expect((await post(id, { body: '{"amount":0}' })).status).toBe(401);
    expect((await post(id, { sentAt: new Date(Date.now() - 10 * 60_000) })).status).toBe(401);
    expect(receiver.books.forged).toBe(4);
    expect(receiver.books.accepted.size).toBe(0);
  });

  it('answers 500 once', async () => {
    const id = eventWith('error');
    expect((await post(id)).status).toBe(500);
    expect((await post(id)).status).toBe(204);
    expect(receiver.books.accepted.get(id)).toHaveLength(1);
  });

  it('answers 503 once and says when to come back', async () => {
    const response = await post(eventWith('busy'));
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  });

  it('breaks one connection before it accepts the event, and another one afterwards', async () => {
    await expect(post(eventWith('reset'))).rejects.toThrow();
    expect(receiver.books.accepted.size).toBe(0);
    await expect(post(eventWith('answer lost'))).rejects.toThrow();
    expect([...receiver.books.accepted.values()]).toMatchObject([[{ sender: 'test', attempt: 1, answerLost: true }]]);
  });

  it('answers 410 for a closed shop, every time', async () => {
    const id = eventWith('none');
    expect((await post(id, { path: CLOSED_SHOP.path })).status).toBe(410);
    expect((await post(id, { path: CLOSED_SHOP.path })).status).toBe(410);
    expect([...receiver.books.gone]).toEqual([id]);
    expect(receiver.books.accepted.size).toBe(0);
  });

  it('does no mischief when it is told not to', async () => {
    const calm = await startReceiver({ secret, mischief: false });
    try {
      const { status } = await post(eventWith('error'), { url: calm.url });
      expect(status).toBe(204);
    } finally {
      await calm.close();
    }
  });

  it('shows its books: which events it accepted, how often, on which attempt and from where', async () => {
    const [once, twice] = [eventWith('error'), eventWith('none')];
    await post(once);
    for (const id of [once, twice, twice]) await post(id);
    expect(await (await fetch(`${receiver.url}/books`)).json()).toEqual({
      events: 2,
      acceptances: 3,
      again: [twice],
      attempts: { 1: 3 },
      from: { '127.0.0.1': 3 },
      gone: 0,
      forged: 0,
      connections: expect.any(Number),
      mischief: { none: 3, error: 1, busy: 0, reset: 0, 'answer lost': 0 },
    });
  });

  it('tells when it has accepted a number of events', async () => {
    const { books } = receiver;
    const two = books.until(() => books.accepted.size >= 2);
    await post(eventWith('none'));
    await post(eventWith('error'));
    await post(eventWith('error'));
    await two;
    expect(books.accepted.size).toBe(2);
  });

  it('closes while a request is under way, and also twice', async () => {
    const slow = ids.find((id) => mischiefFor(id) === 'none' && latencyFor(id) > 300) ?? '';
    const sent = post(slow).then(
      () => 'answered',
      () => 'broken',
    );
    await receiver.books.until(() => receiver.books.broughtBy.has(slow));
    await receiver.close();
    await receiver.close();
    expect(await sent).toBe('broken');
  });
});
