import type { AddressInfo } from 'node:net';
import type { BatchView, FailedRow, FailuresOptions } from '@bullpen/producer';
import { BatchUnknown, RedisUnavailable } from '@bullpen/shared';
import fastify from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { producerOf, view } from '../../test/some-batch.js';
import type { ShowPage } from '../pages/page.js';
import { batchesPages } from './batches-pages.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/**
 * The pages on a server that listens on the loopback, because only a socket shows how a stream
 * behaves. Fields named `secret` are redacted.
 */
async function open(...batches: Parameters<typeof producerOf>): Promise<string> {
  const app = fastify();
  const redact = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll('hunter2', '[redacted]'));
  const showPage: ShowPage = (reply, { body }) => reply.type('text/html').send(body);
  await app.register(batchesPages, { producer: producerOf(...batches), base: '', redact, showPage });
  closing.push(() => {
    app.server.closeAllConnections();
    return app.close();
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/batches`;
}

const failed = (row: number): FailedRow => {
  const error = { name: 'Error', message: `no luck with hunter2 in ${row}`, stack: undefined };
  const payload = { id: row, text: 'x'.repeat(200) };
  const json = '{"id":1,"text":"hunter2"}';
  return { row, payload, json, attempts: 1, reason: '', error } as unknown as FailedRow;
};

/** The page itself reads this many failed rows before any download. */
const SHOWN = 20;

/** A number of failed rows. It tells how many were read, and whether the reader ended early. */
function rowsOf(count: number, end: () => void = () => undefined) {
  const seen = { read: 0, isLeft: false };
  async function* failures(): AsyncGenerator<FailedRow> {
    try {
      for (let row = 1; row <= count; row += 1) {
        seen.read += 1;
        yield failed(row);
        // Redis also takes a turn of the event loop.
        if (row % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      end();
    } finally {
      seen.isLeft = true;
    }
  }
  const show = async () => view({ failed: count, columns: ['id', 'text'] });
  return { seen, batches: { show, failures } };
}

const until = async (fact: () => boolean): Promise<void> => {
  while (!fact()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('a download of failed rows', () => {
  it.each(['csv', 'ndjson'])('has all failed rows, without their secrets: %s', async (format) => {
    const { batches } = rowsOf(2_500);
    const answer = await fetch(`${await open(batches)}/mail/november/failed.${format}`);
    const lines = (await answer.text()).trimEnd().split('\n');
    expect(lines.length).toBe(format === 'csv' ? 2_501 : 2_500);
    expect(lines.at(-1)).toContain('no luck with [redacted] in 2500');
    expect(lines.join('')).not.toContain('hunter2');
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="november-failed.${format}"`);
  });

  it('breaks the connection when it fails in the middle', async () => {
    const { batches, seen } = rowsOf(2_500, () => {
      throw new RedisUnavailable('Redis does not answer', { unanswered: false });
    });
    const answer = await fetch(`${await open(batches)}/mail/november/failed.ndjson`);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
    expect(seen.read).toBe(SHOWN + 2_500);
  });

  it('reads no faster than the client, and ends when the client leaves', async () => {
    const { batches, seen } = rowsOf(1_000_000);
    const leaving = new AbortController();
    const answer = await fetch(`${await open(batches)}/mail/november/failed.ndjson`, { signal: leaving.signal });
    await answer.body?.getReader().read();
    let before = -1;
    // It stops once all buffers in between are full.
    await until(() => {
      const stands = seen.read === before;
      before = seen.read;
      return stands && seen.read > SHOWN;
    });
    expect(seen.read).toBeLessThan(200_000);
    seen.isLeft = false;
    leaving.abort();
    await until(() => seen.isLeft);
    expect(seen.read).toBeLessThan(200_000);
  });
});

describe('the reasons of a batch', () => {
  it('have whole examples without the secrets of their rows, and none of a row whose payload is not known any more', async () => {
    const reasonOf = (row: number) => ({
      ...{ reason: `reason ${row}`, count: 1, example: { row, error: `no luck with hunter2 in ${row}` } },
    });
    async function* failures({ rows }: FailuresOptions): AsyncGenerator<FailedRow> {
      if (rows === undefined) return;
      expect(rows).toEqual([77, 88]);
      yield failed(77);
    }
    const show = async () => view({ failed: 2, reasons: [reasonOf(77), reasonOf(88)] });
    const answer = await fetch(`${await open({ show, failures })}/mail/november.json`);
    expect(((await answer.json()) as BatchView).reasons).toEqual([
      { reason: 'reason 77', count: 1, example: { row: 77, error: 'no luck with [redacted] in 77' } },
      { reason: 'reason 88', count: 1 },
    ]);
  });
});

describe('a download with unknown columns', () => {
  it('ends when the client leaves, before anything is written', async () => {
    const { batches, seen } = rowsOf(1_000_000);
    const show = async () => view({ failed: 1_000_000 });
    const leaving = new AbortController();
    const path = `${await open({ ...batches, show })}/mail/november/failed.csv`;
    const asked = fetch(path, { signal: leaving.signal });
    // More rows than the page itself reads.
    await until(() => seen.read > 100);
    seen.isLeft = false;
    leaving.abort();
    await expect(asked).rejects.toThrow();
    await until(() => seen.isLeft);
    expect(seen.read).toBeLessThan(1_000_000);
  });
});

describe('when a batch was begun', () => {
  it('is told by the clock of Redis, also when Redis does not say it any more', async () => {
    let asked = 0;
    const time = async () => {
      asked += 1;
      if (asked > 1) throw new RedisUnavailable('Redis does not answer', { unanswered: false });
      return view().createdAt + 5 * 60_000;
    };
    const path = await open({ list: async () => [view()], show: async () => view() }, time);
    for (const page of [path, `${path}/mail/november`]) expect(await (await fetch(page)).text()).toContain('>5m ago<');
  });
});

describe('a request that fails', () => {
  const unknown = async () => {
    throw new BatchUnknown(
      { name: 'novembre', queue: 'mail' },
      "there is no batch 'novembre' on queue 'mail'; did you mean 'november'?",
    );
  };
  const away = async () => {
    throw new RedisUnavailable('Redis does not answer', { unanswered: false });
  };

  it.each([
    ['a batch that is not there', unknown, 404, "did you mean 'november'"],
    ['Redis is away', away, 503, 'Redis does not answer'],
  ])('%s: people get a page, programs get JSON', async (_, show, status, says) => {
    const path = `${await open({ show })}/mail/novembre`;
    const toPeople = await fetch(path, { headers: { accept: 'text/html' } });
    expect([toPeople.status, (await toPeople.text()).replaceAll('&#39;', "'")]).toEqual([
      ...[status, expect.stringMatching(new RegExp(`<h1>[^<]+</h1>[\\s\\S]*${says}`))],
    ]);
    for (const ending of ['.json', '/failed.csv']) {
      const toPrograms = await fetch(path + ending);
      expect([toPrograms.status, await toPrograms.json()]).toEqual([status, { error: expect.stringContaining(says) }]);
    }
  });

  it('ignores a filter that is not valid', async () => {
    const list = async () => [view({})];
    const answer = await fetch(`${await open({ list })}.json?stage=broken&queue=&page=-1&page=x`);
    expect(await answer.json()).toMatchObject({
      count: 1,
      page: 1,
      batches: [{ name: 'november', stage: 'running' }],
    });
  });
});
