import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { handleRow, scriptedHandlers } from '../fixtures/handlers.js';
import { hasty, row, scripted } from '../fixtures/jobs.js';
import { Dashboard } from '../support/dashboard.js';
import { describeInBrowser } from '../support/in-browser.js';
import { until } from '../support/until.js';
import { test } from '../support/world.js';

/** This would run if the page treated a payload or an error as HTML. */
const SCRIPT = '<img src=x onerror="alert(1)"><script>alert(2)</script>';

/** The card of a queue in the overview. */
const cardOf = (page: Page, queue: string): Locator =>
  page
    .getByRole('main')
    .getByRole('listitem')
    .filter({ has: page.getByRole('link', { name: queue, exact: true }) });

describeInBrowser('queues in a browser', (look) => {
  test('a user logs in, sees counts change, retries a failed job, and logs out', async ({ world }) => {
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

    const viewer = await look(world, (await Dashboard.start(world)).url);
    const { page } = viewer;
    await viewer.logIn('not the password');
    await page.getByRole('alert').getByText('User or password is wrong.').waitFor();
    // The browser itself logs that the answer was 401.
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

    await viewer.go('queue/scripted?status=failed');
    await page.getByText('the script says so').first().waitFor();
    await worker.drain();
    await page.getByRole('button', { name: 'Retry all' }).click();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await until('the job to wait again', async () => (await world.queue('scripted').getJob(id))?.isWaiting());
    const second = world.worker({ handlers: scriptedHandlers });
    await until('the job to be completed', async () => (await world.queue('scripted').getJob(id))?.isCompleted());
    await second.drain();

    await viewer.go('logout');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Password').waitFor();
    expect((await page.request.get(new URL('api/queues', viewer.url).href)).status()).toBe(401);
    expect(viewer.complaints).toEqual([]);
  });

  test('what the server refuses to everybody is not offered; the footer says whose version it shows; an unknown address is a page', async ({
    world,
  }) => {
    const producer = world.producer();
    const failed = await producer.enqueue(hasty, { ends: [{ do: 'reject' }] });
    const worker = world.worker({ handlers: scriptedHandlers });
    await world.settled(world.queue('scripted'), failed.id);
    await worker.drain();
    const later = await producer.enqueue(scripted, {}, { delay: '1h' });
    const queue = world.queue('reports');
    const { id: urgent } = await queue.add('report', {}, { priority: 3 });
    await queue.upsertJobScheduler('nightly', { every: 3_600_000 }, { name: 'report', data: {} });
    const viewer = await look(world, (await Dashboard.start(world)).url);
    await viewer.logIn();
    const { page } = viewer;

    const card = cardOf(page, 'scripted');
    await card.getByRole('button').nth(1).click();
    const items = page.getByRole('menuitem').filter({ visible: true });
    await items.filter({ hasText: 'Pause' }).waitFor();
    expect(await items.allTextContents()).toEqual([
      ...['Retry all 1 failed jobs', 'Pause', 'Set concurrency', 'Set rate limit', 'Empty'],
    ]);

    // What a job offers has only icons.
    const icons = async (path: string, within: string) => {
      await viewer.go(path);
      const offered = page.locator(`${within} button svg`).filter({ visible: true });
      await offered.first().waitFor();
      return offered.evaluateAll((all) =>
        all.map((icon) => /lucide-([a-z-]+)/.exec(icon.getAttribute('class') ?? '')?.[1]),
      );
    };
    const actions = '[class*="jobActions-"]';
    expect(await icons(`queue/scripted/${failed.id}`, actions)).toEqual(['refresh-cw', 'trash']);
    expect(await icons(`queue/scripted/${later.id}`, actions)).toEqual(['corner-up-left', 'clock', 'trash']);
    expect(await icons(`queue/reports/${urgent}`, actions)).toEqual(['trash']);
    expect(await icons('job-schedulers', 'td')).toEqual(expect.arrayContaining(['pencil', 'trash']));
    expect(await icons('job-schedulers', 'td')).not.toContain('play');

    const footer = `document.querySelector('[class*="appVersion-"]')`;
    const before = await page.evaluate<string>(`getComputedStyle(${footer}, '::before').content`);
    expect(before.replace(/"/g, '')).toMatch(/^Bullpen \d+\.\d+\.\d+.* · Bull Board$/);
    expect(viewer.complaints).toEqual([]);

    await viewer.go('nowhere');
    await page.getByRole('alert').getByText('There is no page at this address.').waitFor();
    await page.getByRole('main').getByRole('link', { name: 'Queues' }).click();
    await card.waitFor();
    expect(viewer.complaints).toEqual([expect.stringContaining('404')]);
  });

  test('an outage: a banner says since when which Redis is away, over what was known, also after a reload', async ({
    world,
  }) => {
    await world.producer().enqueue(scripted, {});
    const { proxy, url } = await world.proxy();
    const dashboard = await Dashboard.start(world, ['--redis', url.replace('redis://', 'redis://:@')]);
    const viewer = await look(world, dashboard.url);
    await viewer.logIn();
    const { page } = viewer;
    const card = cardOf(page, 'scripted');
    await card.waitFor();
    proxy.mode = 'black-hole';
    proxy.cut();
    const banner = page.getByRole('alert').filter({ hasText: ' has been away for ' });
    await banner.getByText(`Redis at ${url} has been away for `).waitFor();
    expect(await banner.textContent()).toMatch(/since \d{4}-\d\d-\d\d [\d:]{8} UTC/);
    expect(await banner.textContent()).toContain('The dashboard keeps trying to connect.');
    await page.reload();
    await banner.waitFor();
    await card.waitFor();
    // Jobs that nobody has listed are not known; the counts are.
    await viewer.go('queue/scripted?status=waiting');
    await banner.waitFor();
    expect(
      await page
        .getByText(/^No .*jobs? (in this queue|to display)/)
        .filter({ visible: true })
        .count(),
    ).toBe(0);
    expect(viewer.complaints).toEqual([]);
    proxy.heal();
    await banner.waitFor({ state: 'hidden' });
    const logged = () => dashboard.process.log.filter(({ redis, msg }) => redis === url && msg !== 'dashboard ready');
    expect(logged().map(({ msg }) => msg)).toEqual(['redis connection was lost; retrying', 'redis is available']);
  });

  test('read-only: there is no button, and the server refuses a request that changes something; what is in a job is shown as text', async ({
    world,
  }) => {
    const { id } = await world.producer().enqueue(row, { id: 7, email: 'ada@example.com', fail: SCRIPT });
    const worker = world.worker({ handlers: [handleRow] });
    await world.settled(world.queue('rows'), id);
    await worker.drain();
    const viewer = await look(world, (await Dashboard.start(world, ['--read-only'])).url);
    await viewer.logIn();
    const { page } = viewer;
    await viewer.go('queue/rows?status=failed');
    await page.getByText(id).first().waitFor();
    expect(await page.getByRole('button', { name: /^(retry|clean|promote) all/i }).count()).toBe(0);

    await viewer.go(`queue/rows/${id}`);
    await page.getByText(`Error: ${SCRIPT}`).first().waitFor();
    // The one button copies the error.
    expect(await page.getByRole('main').getByRole('button').count()).toBe(1);
    await page.getByRole('tab', { name: 'Data' }).click();
    await page.getByText(SCRIPT.slice(0, 8)).first().waitFor();
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    expect(viewer.complaints).toEqual([]);

    const url = new URL(`api/queues/rows/${id}/retry`, viewer.url).href;
    expect(await page.evaluate(async (at) => (await fetch(at, { method: 'PUT' })).status, url)).toBe(403);
    expect(await (await world.queue('rows').getJob(id))?.isFailed()).toBe(true);
    expect(viewer.complaints).toEqual([expect.stringContaining('403')]);
  });
});
