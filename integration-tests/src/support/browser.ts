import { existsSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { PASSWORD } from './dashboard.js';

/** Where distributions put it. `CHROMIUM_PATH` says otherwise. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/snap/bin/chromium'];

/** The browser of this machine, if it has one. */
export const chromiumPath = [process.env['CHROMIUM_PATH'] ?? '', ...PLACES].find(
  (path) => path !== '' && existsSync(path),
);

// A browser that is started calls home; a test has no business there.
const QUIET = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
];

/** Starts the browser. The caller closes it. */
export function openBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error('no Chromium on this machine');
  return chromium.launch({ executablePath: chromiumPath, args: QUIET });
}

/** Somebody at a browser, and what goes wrong in front of them. */
export class Viewer {
  readonly page: Page;
  readonly #context: BrowserContext;
  /** Lines of the console that warn or worse, errors of scripts, requests to other hosts. */
  readonly complaints: string[] = [];

  private constructor(context: BrowserContext, page: Page, origin: string) {
    this.#context = context;
    this.page = page;
    page.on('console', (line) => {
      if (['error', 'warning'].includes(line.type())) this.complaints.push(`console: ${line.text()}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => {
      this.complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    context.on('request', (request) => {
      const url = new URL(request.url());
      if (url.origin !== origin && url.protocol !== 'data:') this.complaints.push(`request: ${url.href}`);
    });
  }

  static async open(browser: Browser, url: URL): Promise<Viewer> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const viewer = new Viewer(context, await context.newPage(), url.origin);
    await viewer.page.goto(url.href);
    return viewer;
  }

  async logIn(password = PASSWORD): Promise<void> {
    await this.page.getByLabel('User').fill('bullpen');
    await this.page.getByLabel('Password').fill(password);
    await this.page.getByRole('button', { name: 'Log in' }).click();
  }

  close(): Promise<void> {
    return this.#context.close();
  }
}
