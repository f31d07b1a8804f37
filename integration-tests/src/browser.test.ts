import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { handleRow, scriptedHandlers } from './fixtures/handlers.js';
import { hasty, row, scripted } from './fixtures/jobs.js';
import { sourceOf } from './support/batch-source.js';
import { chromiumPath, openBrowser, Viewer } from './support/browser.js';
import { Dashboard } from './support/dashboard.js';
import { until } from './support/until.js';
import { test, type World } from './support/world.js';

if (chromiumPath === undefined) {
  process.stderr.write(
    '\nNO BROWSER: the tests of the dashboard in a browser are SKIPPED. Install one (apt-get install chromium), or name it in CHROMIUM_PATH.\n\n',
  );
}

/** What would run if somebody's payload were taken for a page. */
const SCRIPT = '<img src=x onerror="alert(1)"><script>alert(2)</script>';

async function look(world: World, browser: Browser, args: readonly string[] = []): Promise<Viewer & { at: Dashboard }> {
  const dashboard = await Dashboard.start(world, args);
  const viewer = await Viewer.open(browser, dashboard.url);
  world.onClose(() => viewer.close());
  return Object.assign(viewer, { at: dashboard });
}

describe.skipIf(chromiumPath === undefined)('the dashboard in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  test('a wrong password, the right one, counts that move, a failed job retried, and out again', async ({ world }) => {
    const producer = world.producer();
    const failing = { name: SCRIPT, ends: [{ do: 'reject' as const }, { do: 'return' as const }] };
    const { id } = await producer.enqueue(hasty, failing, { key: 'fails' });
    const first = world.worker({ handlers: scriptedHandlers });
    await world.settled(world.queue('scripted'), id);
    await first.drain();
    const gate = `${world.folder}/gate`;
    await producer.enqueueMany(
      scripted,
      Array.from({ length: 30 }, () => ({ ends: [{ do: 'until-file' as const, path: gate }] })),
    );

    const viewer = await look(world, browser);
    const { page } = viewer;
    await viewer.logIn('not the password');
    await page.getByRole('alert').getByText('User or password is wrong.').waitFor();
    // The browser itself notes that the answer was 401.
    expect(viewer.complaints.splice(0)).toEqual([expect.stringContaining('401')]);
    await viewer.logIn();

    const card = page.getByRole('link', { name: 'scripted' }).first();
    await card.waitFor();
    const shown = (text: string) => page.getByText(text, { exact: true }).filter({ visible: true }).first().waitFor();
    await shown('30');
    const worker = world.worker({ handlers: scriptedHandlers, concurrency: 7 });
    await until('seven attempts', () => worker.active === 7);
    await shown('7');
    await world.file('gate', '');
    await until('the queue to be empty', async () => (await world.queue('scripted').getCompletedCount()) === 30);

    await page.goto(new URL('queue/scripted?status=failed', viewer.at.url).href);
    await page.getByText('the script says so').first().waitFor();
    await worker.drain();
    await page.getByRole('button', { name: 'Retry all' }).click();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await until('the job to wait again', async () => (await world.queue('scripted').getJob(id))?.isWaiting());
    const second = world.worker({ handlers: scriptedHandlers });
    await until('the job to be completed', async () => (await world.queue('scripted').getJob(id))?.isCompleted());
    await second.drain();

    await page.goto(new URL('logout', viewer.at.url).href);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Password').waitFor();
    expect((await page.request.get(new URL('api/queues', viewer.at.url).href)).status()).toBe(401);
    expect(viewer.complaints).toEqual([]);
  });

  test('read-only: no button to press, and the server refuses what a page sends all the same', async ({ world }) => {
    const { id } = await world.producer().enqueue(scripted, { name: SCRIPT });
    const viewer = await look(world, browser, ['--read-only']);
    await viewer.logIn();
    const { page } = viewer;
    await page.goto(new URL(`queue/scripted/${id}`, viewer.at.url).href);
    await page.getByText(id).first().waitFor();
    expect(await page.getByRole('button', { name: /remove|clean|delete/i }).count()).toBe(0);
    const status = await page.evaluate(
      async (url) => (await fetch(url, { method: 'PUT' })).status,
      new URL(`api/queues/scripted/${id}/clean`, viewer.at.url).href,
    );
    expect(status).toBe(403);
    expect(await world.queue('scripted').getJob(id)).toBeDefined();
    expect(viewer.complaints).toEqual([expect.stringContaining('403')]);
  });

  test('a batch moves on its page, says why rows failed, and its failed rows are downloaded', async ({ world }) => {
    const rows = Array.from({ length: 400 }, (_, at) => ({
      ...{ id: at + 1, email: `p${at + 1}@example.com` },
      ...(at % 100 === 0 ? { fail: `${SCRIPT} in row ${at + 1}` } : {}),
    }));
    await world.producer().batch(row, { source: sourceOf(rows), batch: 'november' });
    const viewer = await look(world, browser, ['--base-path', '/ops']);
    await viewer.logIn();
    const { page } = viewer;
    await page.getByRole('link', { name: 'Batches' }).click();
    await page.getByRole('link', { name: 'november' }).click();
    await page.getByText('0 of 400 settled').waitFor();
    const worker = world.worker({ handlers: [handleRow] });
    await page.getByText('400 of 400 settled').waitFor();
    await worker.drain();
    await page.getByRole('cell', { name: /Error: .* in row …/ }).waitFor();
    const link = page.getByRole('link', { name: 'Download 4 failed rows (CSV)' });
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    expect(download.suggestedFilename()).toBe('november-failed.csv');
    const text = await readFile(await download.path(), 'utf8');
    expect(text.match(/^\d+,p\d+@example\.com/gm)).toEqual([
      ...['1,p1@example.com', '101,p101@example.com', '201,p201@example.com', '301,p301@example.com'],
    ]);
    expect(viewer.complaints).toEqual([]);
  });
});
