#!/usr/bin/env node
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDashboard } from '@bullpen/dashboard';
import { startDevRedis } from '@bullpen/dev-redis';
import { createProducer } from '@bullpen/producer';
import { createLogger } from '@bullpen/shared';
import { startWorker } from '@bullpen/worker';
import type { Browser, Page } from 'playwright-core';
import { chromiumPath, NO_BROWSER, openBrowser } from '../support/browser.js';
import { until } from '../support/until.js';
import { handlers } from './handlers.js';
import { deliver } from './jobs.js';
import { BATCH, openShop } from './shop.js';

/** `pnpm pictures [folder]`: takes the pictures of the dashboard that are in the README, of real batches on a real Redis. */
const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url));
const PREFIX = 'pictures';
const LOGIN = { user: 'bullpen', password: 'only-for-pictures' };

type Shot = readonly [name: string, path: string, look?: Parameters<Browser['newContext']>[0]];

const WIDE = { width: 1440, height: 900 };
const SHOTS: readonly Shot[] = [
  ['dashboard', ''],
  ['dashboard-batches', 'batches'],
  ['dashboard-batch', `batches/${deliver.queue}/${BATCH}`],
];
/** Looked at when the pages change; not kept. */
const ASIDE: readonly Shot[] = [
  ...SHOTS.map(([name, path]): Shot => [`${name}-dark`, path, { colorScheme: 'dark' }]),
  ...SHOTS.map(([name, path]): Shot => [`${name}-narrow`, path, { viewport: { width: 390, height: 844 } }]),
  ['login', 'login'],
];

async function take(browser: Browser, url: string, folder: string, [name, path, look = {}]: Shot): Promise<void> {
  const context = await browser.newContext({ viewport: WIDE, ...look });
  const page = await context.newPage();
  await page.goto(url);
  if (path !== 'login') await logIn(page);
  await page.goto(new URL(path, url).href, { waitUntil: 'networkidle' }).catch(() => undefined);
  // What polls is never idle for long; what is wanted has been painted by the second answer.
  await page.waitForResponse((answer) => answer.ok(), { timeout: 3_000 }).catch(() => undefined);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await context.close();
}

async function logIn(page: Page): Promise<void> {
  await page.getByLabel('User').fill(LOGIN.user);
  await page.getByLabel('Password').fill(LOGIN.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL((url) => !url.pathname.endsWith('/login'));
}

async function main(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const releases: (() => Promise<unknown>)[] = [];
  try {
    const server = await startDevRedis({ order: ['path', 'docker', 'apt'] });
    releases.unshift(() => server.stop());
    const redis = server.url;
    const logger = createLogger({ level: 'fatal' });
    const producer = createProducer({ redis, prefix: PREFIX });
    releases.unshift(() => producer.close());
    await openShop(producer);
    const worker = startWorker({ redis, prefix: PREFIX, handlers, concurrency: 10, logger, drainTimeout: 100 });
    releases.unshift(() => worker.drain());
    const place = { host: '127.0.0.1', port: 0, ...LOGIN };
    const dashboard = await startDashboard({ redis, prefix: PREFIX, logger, discoverEvery: '1s', ...place });
    releases.unshift(() => dashboard.close());
    const browser = await openBrowser();
    releases.unshift(() => browser.close());
    await until('half of the orders to be delivered', async () => {
      const { completed, added } = await producer.batches.show(BATCH);
      return completed > added / 2;
    });
    for (const shot of folder === DOCS ? SHOTS : [...SHOTS, ...ASIDE]) await take(browser, dashboard.url, folder, shot);
  } finally {
    for (const release of releases) await release().catch(() => undefined);
  }
}

if (chromiumPath === undefined) {
  process.stderr.write(`${NO_BROWSER}\n`);
  process.exit(69);
}
await main(process.argv[2] ?? DOCS);
