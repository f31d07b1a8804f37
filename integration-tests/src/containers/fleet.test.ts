import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, onTestFailed, test } from 'vitest';
import { until } from '../support/until.js';
import { Compose } from './support/compose.js';
import { docker, inspect } from './support/docker.js';

/** What the receiver says at `/books`. */
interface Books {
  readonly events: number;
  readonly acceptances: number;
  readonly again: readonly string[];
  readonly attempts: Readonly<Record<string, number>>;
  readonly from: Readonly<Record<string, number>>;
}

const WORKERS = 4;
/** A limit for busy machines; nothing is waited for in vain for so long. */
const MAX_MS = 240_000;
/** A lease is 10 s. */
const LONGER_THAN_A_LEASE_MS = 11_000;

const orders = readFileSync(
  fileURLToPath(new URL('../../../examples/webhooks/data/orders.csv', import.meta.url)),
  'utf8',
);

let compose: Compose;
let receiver: string;
/** How many events were sent so far. */
let sent = 0;
/** The batches they were sent in. */
const batches: string[] = [];

const books = async (): Promise<Books> => (await (await fetch(`${receiver}/books`)).json()) as Books;
const redis = (...command: string[]): Promise<string> => compose.run(['exec', '-T', 'redis', 'redis-cli', ...command]);

/**
 * Waits for a fact. To look at the books costs the receiver some milliseconds, and to ask Redis a
 * process.
 */
const untilBooks = (what: string, fact: () => Promise<boolean>): Promise<true> => until(what, fact, MAX_MS, 150);

/** Real orders with new ids, none of them to the shop that has closed. */
function ordersCsv(count: number): string {
  const [head = '', ...rows] = orders
    .trimEnd()
    .split('\n')
    .filter((row) => !row.includes('closed-corner-shop'));
  const run = randomBytes(4).toString('hex');
  const lines = Array.from({ length: count }, (_, at) => {
    const id = `evt_${run}${String(at).padStart(8, '0')}`;
    return (rows[at % rows.length] as string).replace(/^evt_[0-9a-z]{16}/, id);
  });
  return `${[head, ...lines].join('\n')}\n`;
}

/** `docker compose run --rm producer batch …`, from a pipe. */
async function send(batch: string, count: number): Promise<void> {
  const command = ['batch', 'webhook.deliver', '-', '--format', 'csv', '--name', batch, '--key-field', 'event_id'];
  const said = await compose.run(['run', '--rm', '-T', 'producer', ...command, '--json'], ordersCsv(count));
  expect(JSON.parse(said)).toMatchObject({ added: count, rejected: 0, duplicate: 0 });
  sent += count;
  batches.push(batch);
}

/** Waits until Redis and the receiver agree that every event ever sent was delivered. */
async function allDelivered(): Promise<Books> {
  await untilBooks('every event at the receiver', async () => (await books()).events === sent);
  for (const batch of batches) {
    const key = `bullpen:webhooks:batch:${batch}`;
    await untilBooks('every row to be settled', async () => {
      const [added, completed, failed] = (await redis('hmget', key, 'added', 'completed', 'failed')).split('\n');
      if (Number(failed) > 0) throw new Error(`${failed} rows of ${batch} have failed`);
      return Number(added) === Number(completed);
    });
  }
  return books();
}

beforeAll(async () => {
  compose = await Compose.open(
    `${inject('network')}-fleet`,
    { services: { receiver: { ports: ['127.0.0.1::8080'] } } },
    { RECEIVER_CALM: '1' },
  );
  await compose.run(['up', '--detach', '--no-build', '--scale', `worker=${WORKERS}`, 'redis', 'receiver', 'worker']);
  receiver = `http://${(await compose.run(['port', 'receiver', '8080'])).trim()}`;
  await compose.ready(WORKERS);
});
afterAll(() => compose.close());

// An attempt that was spent has a reason, and only the worker knows it.
beforeEach(() =>
  onTestFailed(async () => {
    const logs = await compose.run(['logs', 'worker']);
    const failed = logs.split('\n').filter((line) => line.includes('attempt failed'));
    process.stderr.write(`${failed.length} attempts failed. ${failed.slice(0, 5).join('\n')}\n`);
  }),
);

/** The addresses by which the receiver knows a worker. */
async function addressOf(worker: string, network: string): Promise<string> {
  type Networks = { NetworkSettings: { Networks: Record<string, { IPAddress: string }> } };
  const { NetworkSettings } = await inspect<Networks>(worker);
  return NetworkSettings.Networks[`${compose.name}_${network}`]?.IPAddress ?? '';
}

describe.sequential('four workers of the compose file', () => {
  test('share 20,000 webhooks: each a fair part, every one delivered once, at its first attempt', async () => {
    await send('shared', 20_000);
    const { events, acceptances, again, attempts, from } = await allDelivered();
    expect({ events, acceptances, again, attempts }).toEqual({
      ...{ events: sent, acceptances: sent, again: [], attempts: { 1: sent } },
    });
    const parts = Object.values(from);
    expect(parts).toHaveLength(WORKERS);
    process.stderr.write(`shares of ${WORKERS} workers: ${parts.join(', ')}\n`);
    expect(Math.min(...parts)).toBeGreaterThan(sent / WORKERS / 2);
  });

  test('are deployed again and again under load: nothing lost, no attempt spent, each gone within its grace', async () => {
    // Until workers were stopped three times in the middle of a batch: a slow engine may come when
    // they are through with one.
    for (let deploys = 0, inTheMiddle = 0; inTheMiddle < 3; deploys += 1) {
      const { events } = await books();
      if (sent - events < 8_000) await send(`deploy-${deploys}`, 10_000);
      await untilBooks('workers at work', async () => (await books()).events > events);
      await compose.run(['stop', 'worker']);
      const codes = (await compose.states('worker')).map(({ ExitCode }) => ExitCode);
      expect(codes.filter((code) => code !== 0 && code !== 75)).toEqual([]);
      if ((await books()).events < sent) inTheMiddle += 1;
      await compose.run(['up', '--detach', '--no-build', '--no-recreate', '--scale', `worker=${WORKERS}`, 'worker']);
    }
    const { events, acceptances, attempts } = await allDelivered();
    expect({ events, acceptances, attempts }).toEqual({ events: sent, acceptances: sent, attempts: { 1: sent } });
  });

  test('one is killed, one is cut off from Redis in the middle of jobs: others have their jobs, and who was cut off works again', async () => {
    const [killed = '', cutOff = ''] = await compose.containers('worker');
    const address = await addressOf(cutOff, 'front');
    await send('killed', 10_000);
    const { events } = await books();
    await untilBooks('workers at work', async () => (await books()).events > events + 200);
    const at = performance.now();
    await Promise.all([docker(['kill', killed]), docker(['network', 'disconnect', `${compose.name}_back`, cutOff])]);
    const after = await allDelivered();
    const tookMs = Math.round(performance.now() - at);
    process.stderr.write(
      `${after.acceptances - after.events} delivered again; all were within ${tookMs} ms of the kill\n`,
    );
    // A killed process spends no attempt. What two workers had in hand may be delivered twice, and
    // nothing else.
    expect(after.attempts).toEqual({ 1: after.acceptances });
    expect(after.acceptances - after.events).toBeLessThanOrEqual(2 * 50);

    await docker(['network', 'connect', '--alias', 'worker', `${compose.name}_back`, cutOff]);
    await compose.run(['up', '--detach', '--no-build', '--no-recreate', '--scale', `worker=${WORKERS}`, 'worker']);
    const taken = (await books()).from[address] ?? 0;
    // Its connections come back one by one, and the others may be quicker: until it has had one.
    let more = 0;
    await untilBooks('the one that was cut off to take jobs', async () => {
      more += 1;
      await send(`after-${more}`, 300);
      return ((await books()).from[address] ?? 0) > taken;
    });
    await allDelivered();
  });

  test('Redis stands still for longer than a lease: nothing lost, nothing failed', async () => {
    await send('paused', 10_000);
    const { events } = await books();
    await untilBooks('workers at work', async () => (await books()).events > events + 200);
    await compose.run(['pause', 'redis']);
    await sleep(LONGER_THAN_A_LEASE_MS);
    await compose.run(['unpause', 'redis']);
    const after = await allDelivered();
    expect(after.attempts).toEqual({ 1: after.acceptances });
    expect((await compose.states('worker')).map(({ Status }) => Status)).toEqual(Array(WORKERS).fill('running'));
  });
});
