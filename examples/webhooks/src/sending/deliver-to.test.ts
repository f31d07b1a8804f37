import { DeadlineExceeded, JobRejected, JobSnoozed, testContext } from '@bullpen/worker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { orderEvent } from '../jobs.js';
import { CLOSED_SHOP } from '../orders/orders.js';
import { readEventIds } from '../orders/orders-file.js';
import { latencyFor, type Mischief, mischiefFor } from '../receiving/mischief.js';
import { type Receiver, startReceiver } from '../receiving/receiver.js';
import { deliverTo } from './deliver-to.js';

const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const ids = await readEventIds();

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver({ secret, gonePaths: [CLOSED_SHOP.path] });
});
afterEach(() => receiver.close());

const idWith = (mischief: Mischief, slow = false): string =>
  ids.find((id) => mischiefFor(id) === mischief && latencyFor(id) >= 300 === slow) ?? '';

const eventOf = (event_id: string, path = '/hooks/lantern-tea') =>
  orderEvent.parse({
    ...{ event_id, path, event_type: 'order.paid', order_id: '2026-104200', customer: '佐藤 花子' },
    ...{ email: 'hanako.sato@example.com', product: 'Sencha, 100 g', quantity: '2', amount: '24.80' },
    ...{ currency: 'EUR', created_at: '2026-03-02T06:00:01Z' },
  });

const deliver = async (event: ReturnType<typeof eventOf>, context = testContext(), key = secret) =>
  deliverTo({ secret: key, baseUrl: receiver.url, userAgent: 'test' })(event, context);

describe('deliverTo', () => {
  it('delivers a signed event, and returns status and duration', async () => {
    const id = idWith('none');
    expect(await deliver(eventOf(id))).toEqual({ status: 204, durationMs: expect.any(Number) });
    expect(receiver.books.accepted.get(id)).toMatchObject([{ sender: 'test', attempt: 1, answerLost: false }]);
  });

  it('fails on a 500, and delivers at the next attempt', async () => {
    const event = eventOf(idWith('error'));
    await expect(deliver(event)).rejects.toThrow('the receiver answered 500: out of luck');
    expect(await deliver(event, testContext({ attempt: 2 }))).toMatchObject({ status: 204 });
  });

  it('snoozes for as long as Retry-After says', async () => {
    const error: unknown = await deliver(eventOf(idWith('busy'))).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(JobSnoozed);
    expect((error as JobSnoozed).due).toEqual({ inMs: 1_000 });
  });

  it('gives up at once where the answer is final', async () => {
    const closed = eventOf(idWith('none'), CLOSED_SHOP.path);
    await expect(deliver(closed)).rejects.toThrow(JobRejected);
    await expect(deliver(closed)).rejects.toThrow('the receiver answered 410: this endpoint was switched off');
    const otherSecret = `whsec_${Buffer.alloc(24, 8).toString('base64')}`;
    await expect(deliver(eventOf(idWith('none')), testContext(), otherSecret)).rejects.toThrow(JobRejected);
  });

  it('fails with the reason when the connection breaks, or when no server listens', async () => {
    await expect(deliver(eventOf(idWith('reset')))).rejects.toThrow(/could not reach .*(ECONNRESET|other side closed)/);
    await receiver.close();
    await expect(deliver(eventOf(idWith('none')))).rejects.toThrow(/could not reach .*ECONNREFUSED/);
  });

  it('stops when the signal aborts, and throws its reason', async () => {
    const attempt = new AbortController();
    const id = idWith('none', true);
    const delivering = deliver(eventOf(id), testContext({ signal: attempt.signal })).catch((error: unknown) => error);
    await receiver.books.until(() => receiver.books.broughtBy.has(id));
    const reason = new DeadlineExceeded(5_000);
    attempt.abort(reason);
    expect(await delivering).toBe(reason);
  });

  it('uses its connections again', async () => {
    for (const id of ids.filter((id) => mischiefFor(id) === 'none' && latencyFor(id) < 100).slice(0, 20)) {
      await deliver(eventOf(id));
    }
    for (let round = 0; round < 5; round += 1) {
      await deliver(eventOf(idWith('none'), CLOSED_SHOP.path)).catch(() => undefined);
    }
    // Not exactly one: fetch may still read the end of an answer when the next request comes.
    expect(receiver.books.connections).toBeLessThan(5);
  });
});
