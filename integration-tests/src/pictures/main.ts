#!/usr/bin/env node
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDashboard } from '@bullpen/dashboard';
import { startDevRedis } from '@bullpen/dev-redis';
import { createProducer } from '@bullpen/producer';
import { createLogger } from '@bullpen/shared';
import { startWorker } from '@bullpen/worker';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { chromiumPath, NO_BROWSER, openBrowser, Viewer } from '../support/browser.js';
import { PASSWORD } from '../support/dashboard.js';
import { until } from '../support/until.js';
import { handlers } from './handlers.js';
import { deliver } from './jobs.js';
import { BATCH, openShop } from './shop.js';

/** Where the pictures of the README are. */
const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url));
const PREFIX = 'pictures';

/**
 * One picture: its path, a text that must be visible, and how often the page changes before the
 * picture is taken, as a rate is known only from the second look on.
 */
interface Shot {
  readonly name: string;
  readonly path: string;
  readonly shows: string;
  readonly changes: number;
  readonly viewport: NonNullable<BrowserContextOptions['viewport']>;
}

const BATCH_PATH = `batches/${deliver.queue}/${BATCH}`;
const SHOTS: readonly Shot[] = [
  { name: 'dashboard', path: '', shows: 'Jobs', changes: 0, viewport: { width: 1440, height: 540 } },
  { name: 'dashboard-batches', path: 'batches', shows: BATCH, changes: 2, viewport: { width: 1200, height: 600 } },
  { name: 'dashboard-batch', path: BATCH_PATH, shows: BATCH, changes: 2, viewport: { width: 1200, height: 960 } },
];

const KEPT: BrowserContextOptions = { deviceScaleFactor: 1.5 };
/** Other ways to look at the pages, for who has changed one. */
const ASIDE: Readonly<Record<string, BrowserContextOptions>> = {
  dark: { colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
  wall: { viewport: { width: 1920, height: 1080 } },
};

async function take(browser: Browser, url: URL, file: string, shot: Shot, look: BrowserContextOptions): Promise<void> {
  const viewer = await Viewer.open(browser, url, { viewport: shot.viewport, ...look });
  const { page } = viewer;
  await viewer.go(shot.path);
  await page.getByText(shot.shows).filter({ visible: true }).first().waitFor();
  for (let change = 0; change < shot.changes; change += 1) {
    await page.waitForResponse((answer) => answer.url() === page.url() && answer.ok());
  }
  await page.screenshot({ path: file });
  await viewer.close();
}

/** Logs in once for all pictures: to log in for each would look like guessing passwords. */
async function logIn(browser: Browser, url: URL): Promise<BrowserContextOptions> {
  const viewer = await Viewer.open(browser, url);
  await viewer.logIn();
  await viewer.page.getByRole('link', { name: 'Batches' }).waitFor();
  const storageState = await viewer.cookies();
  await viewer.close();
  return { storageState };
}

/**
 * Takes the dashboard's pictures for the README, of real batches on a real Redis. With a folder, it
 * takes them in every look and puts them there.
 */
async function main(folder: string | undefined): Promise<void> {
  const releases: (() => Promise<unknown>)[] = [];
  try {
    const server = await startDevRedis({ order: ['path', 'docker', 'apt'] });
    releases.unshift(() => server.stop());
    const place = { redis: server.url, prefix: PREFIX };
    const common = { ...place, logger: createLogger({ level: 'silent' }) };
    const producer = createProducer(place);
    releases.unshift(() => producer.close());
    await openShop(producer);
    const worker = startWorker({ ...common, handlers, concurrency: 10, drainTimeout: 100, abortGrace: 100 });
    releases.unshift(() => worker.drain());
    const dashboard = await startDashboard({ ...common, host: '127.0.0.1', port: 0, password: PASSWORD });
    releases.unshift(() => dashboard.close());
    const browser = await openBrowser();
    releases.unshift(() => browser.close());
    await until('half of the orders to be delivered', async () => {
      const { completed, added } = await producer.batches.show({ name: BATCH });
      return completed > added / 2;
    });
    const url = new URL(dashboard.url);
    const login = await logIn(browser, url);
    for (const shot of SHOTS) {
      await take(browser, url, join(folder ?? DOCS, `${shot.name}.png`), shot, { ...login, ...KEPT });
    }
    if (folder === undefined) return;
    for (const [name, look] of Object.entries(ASIDE)) {
      for (const shot of SHOTS) {
        await take(browser, url, join(folder, `${shot.name}-${name}.png`), shot, { ...login, ...look });
      }
    }
  } finally {
    for (const release of releases) await release().catch(() => undefined);
  }
}

if (chromiumPath === undefined) {
  process.stderr.write(`${NO_BROWSER}\n`);
  process.exit(69);
}
const folder = process.argv[2];
if (folder !== undefined) await mkdir(folder, { recursive: true });
await main(folder);
