import type { AddressInfo } from 'node:net';
import type { FailedRow, Producer } from '@bullpen/producer';
import { BatchUnknown, RedisUnavailable } from '@bullpen/shared';
import fastify from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { producerOf, view } from '../../test/some-batch.js';
import { batchesPages } from './batches-pages.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/**
 * The pages, listening on the loopback: what a stream does shows only on a socket. Secrets are what
 * is called so.
 */
async function open(batches: Partial<Producer['batches']>): Promise<string> {
  const app = fastify();
  const redact = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll('hunter2', '[redacted]'));
  const nav = { canLogOut: false, readOnly: false };
  await app.register(batchesPages, { producer: producerOf(batches), base: '', redact, nav });
  closing.push(() => {
    app.server.closeAllConnections();
    return app.close();
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/batches`;
}

const failed = (row: number): FailedRow => {
  const error = { name: 'Error', message: `no luck with hunter2 in ${row}`, stack: undefined };
  return { row, payload: { id: row, text: 'x'.repeat(200) }, attempts: 1, reason: '', error } as unknown as FailedRow;
};

/** The page reads so many before any download. */
const SHOWN = 20;

/**
 * So many failed rows; tells how many were read, and whether whoever read them said that it is
 * done.
 */
function rowsOf(count: number, end: () => void = () => undefined) {
  const seen = { read: 0, isLeft: false };
  async function* failures(): AsyncGenerator<FailedRow> {
    try {
      for (let row = 1; row <= count; row += 1) {
        seen.read += 1;
        yield failed(row);
        // Redis takes a turn of the event loop as well.
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
  it.each(['csv', 'ndjson'])('has all of them, without their secrets: %s', async (format) => {
    const { batches } = rowsOf(2_500);
    const answer = await fetch(`${await open(batches)}/mail/november/failed.${format}`);
    const lines = (await answer.text()).trimEnd().split('\n');
    expect(lines.length).toBe(format === 'csv' ? 2_501 : 2_500);
    expect(lines.at(-1)).toContain('no luck with [redacted] in 2500');
    expect(lines.join('')).not.toContain('hunter2');
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="november-failed.${format}"`);
  });

  it('that breaks in the middle is no file that ends there', async () => {
    const { batches, seen } = rowsOf(2_500, () => {
      throw new RedisUnavailable('Redis does not answer', { unanswered: false });
    });
    const answer = await fetch(`${await open(batches)}/mail/november/failed.ndjson`);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
    expect(seen.read).toBe(SHOWN + 2_500);
  });

  it('reads no faster than it is read, and ends with who asked for it', async () => {
    const { batches, seen } = rowsOf(1_000_000);
    const leaving = new AbortController();
    const answer = await fetch(`${await open(batches)}/mail/november/failed.ndjson`, { signal: leaving.signal });
    await answer.body?.getReader().read();
    let before = -1;
    // It stands still once what lies between is full.
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

describe('a download whose columns are not known', () => {
  it('ends with who asked for it, before anything is written', async () => {
    const { batches, seen } = rowsOf(1_000_000);
    const show = async () => view({ failed: 1_000_000 });
    const leaving = new AbortController();
    const path = `${await open({ ...batches, show })}/mail/november/failed.csv`;
    const asked = fetch(path, { signal: leaving.signal });
    // More than the look before it reads.
    await until(() => seen.read > 100);
    seen.isLeft = false;
    leaving.abort();
    await expect(asked).rejects.toThrow();
    await until(() => seen.isLeft);
    expect(seen.read).toBeLessThan(1_000_000);
  });
});

describe('what goes wrong', () => {
  const unknown = async () => {
    throw new BatchUnknown("there is no batch 'novembre' on queue 'mail'; did you mean 'november'?");
  };
  const away = async () => {
    throw new RedisUnavailable('Redis does not answer', { unanswered: false });
  };

  it.each([
    ['a batch that is not there', unknown, 404, "did you mean 'november'"],
    ['Redis is away', away, 503, 'Redis does not answer'],
  ])('%s: in words, to people and to programs', async (_, show, status, says) => {
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

  it('a filter that is none is taken for none', async () => {
    const list = async () => [view({})];
    const answer = await fetch(`${await open({ list })}.json?stage=broken&queue=&page=-1&page=x`);
    expect(await answer.json()).toMatchObject({
      count: 1,
      page: 1,
      batches: [{ batch: 'november', stage: 'running' }],
    });
  });
});
