import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { handleRow } from '../fixtures/handlers.js';
import { row } from '../fixtures/jobs.js';
import { sourceOf } from '../support/batch-source.js';
import { Dashboard } from '../support/dashboard.js';
import { describeInBrowser } from '../support/in-browser.js';
import { behindProxy } from '../support/reverse-proxy.js';
import { test, type World } from '../support/world.js';

/** This would run if the page treated a payload as HTML. */
const SCRIPT = '<img src=x onerror="alert(1)"><script>alert(2)</script>';

/** A batch of 400 rows, of which every hundredth fails. */
async function enqueueNovember(world: World): Promise<void> {
  const rows = Array.from({ length: 400 }, (_, at) => ({
    ...{ id: at + 1, email: `p${at + 1}@example.com` },
    ...(at % 100 === 0 ? { fail: `${SCRIPT} in row ${at + 1}` } : {}),
  }));
  await world.producer().batches.run(row, { source: sourceOf(rows), name: 'november' });
}

describeInBrowser('batches in a browser', (look) => {
  test('below a base path behind a proxy: the page follows a batch, says why rows failed, and downloads its failed rows', async ({
    world,
  }) => {
    await enqueueNovember(world);
    const dashboard = await Dashboard.start(world, ['--base-path', '/ops/jobs']);
    const viewer = await look(world, await behindProxy(world, dashboard.url));
    await viewer.logIn();
    const { page } = viewer;
    await page.getByRole('link', { name: 'rows' }).first().waitFor();
    await page.getByRole('link', { name: 'Batches' }).click();
    const link = page.getByRole('link', { name: 'november' });
    await link.focus();
    const cell = page.getByRole('row').filter({ has: link }).getByRole('cell');
    await cell.getByText('0 of 400 settled', { exact: true }).waitFor();
    const worker = world.worker({ handlers: [handleRow] });
    await cell.getByText('400 of 400 settled').waitFor();
    // A user who moves through the page by keyboard keeps the focus when the page changes.
    expect(await page.locator('a:focus').textContent()).toBe('november');
    await worker.drain();

    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'november' }).waitFor();
    await page.getByRole('cell', { name: /Error: .* in row …/ }).waitFor();
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    const csv = page.getByRole('link', { name: 'Download 4 failed rows (CSV)' });
    const [download] = await Promise.all([page.waitForEvent('download'), csv.click()]);
    expect(download.suggestedFilename()).toBe('november-failed.csv');
    const text = await readFile(await download.path(), 'utf8');
    expect(text.match(/^\d+,p\d+@example\.com/gm)).toEqual([
      ...['1,p1@example.com', '101,p101@example.com', '201,p201@example.com', '301,p301@example.com'],
    ]);
    expect(viewer.complaints).toEqual([]);
  });

  test('an outage: the page says so, keeps what it shows, and recovers by itself; it also says when the dashboard is gone', async ({
    world,
  }) => {
    await enqueueNovember(world);
    const { proxy, url } = await world.proxy();
    const dashboard = await Dashboard.start(world, ['--redis', url]);
    const viewer = await look(world, dashboard.url);
    await viewer.logIn();
    const { page } = viewer;
    await viewer.go('batches/rows/november');
    const settled = (count: number) => page.getByText(`${count} of 400 settled`, { exact: false });
    await settled(0).waitFor();

    proxy.mode = 'black-hole';
    proxy.cut();
    const banner = page.getByRole('alert').filter({ hasText: /^Redis at redis:\/\/.* has been away for .*, since / });
    await banner.waitFor();
    expect(await settled(0).isVisible()).toBe(true);
    // Loaded anew, the page shows what was known before; a page that nobody saw before is not known.
    await page.reload();
    await banner.waitFor();
    expect(await settled(0).isVisible()).toBe(true);
    await viewer.go('batches');
    await banner.waitFor();
    await page.getByRole('heading', { name: 'Redis is unavailable' }).waitFor();

    const worker = world.worker({ handlers: [handleRow] });
    proxy.heal();
    await settled(400).waitFor();
    expect(await page.getByRole('heading', { name: 'Batches' }).isVisible()).toBe(true);
    await banner.waitFor({ state: 'hidden' });
    await worker.drain();

    await dashboard.process.destroy();
    await page.getByRole('status').getByText('The dashboard does not answer; what is shown is older.').waitFor();
    expect(await settled(400).isVisible()).toBe(true);
    // The browser itself logs these.
    const noted = /503 \(Service Unavailable\)|net::ERR_(CONNECTION_REFUSED|EMPTY_RESPONSE|CONNECTION_RESET)/;
    for (const complaint of viewer.complaints) expect(complaint).toMatch(noted);
  });
});
