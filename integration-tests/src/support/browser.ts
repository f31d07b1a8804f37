import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { PASSWORD } from './dashboard.js';

/** Where distributions install it. `CHROMIUM_PATH` names another place. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/snap/bin/chromium'];

/** The browser of this machine, if it has one. */
export const chromiumPath = [process.env['CHROMIUM_PATH'] ?? '', ...PLACES].find(
  (path) => path !== '' && existsSync(path),
);

/** What the tests say when there is no browser. */
export const NO_BROWSER =
  'NO BROWSER: there is no Chromium on this machine. Install one (apt-get install chromium), or name it in CHROMIUM_PATH.';

// A browser connects to its vendor when it starts, which a test must not do.
const QUIET = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
];

/** Starts the browser. The caller closes it. */
export function openBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error(NO_BROWSER);
  return chromium.launch({ executablePath: chromiumPath, args: QUIET });
}

/**
 * The error of a request when a network interface came or went, as a container was started
 * somewhere on this machine. Chromium then drops its requests, also those to the loopback, and no
 * flag prevents it. Nothing of ours has failed.
 */
const INTERFACES_CHANGED = 'net::ERR_NETWORK_CHANGED';

/** A user at a browser, and everything that goes wrong there. */
export class Viewer {
  readonly page: Page;
  readonly #context: BrowserContext;
  /** Where the dashboard is, with its base path. */
  readonly url: URL;
  /**
   * Warnings and errors of the console, errors of scripts, dialogs, and requests to anything that
   * is not below the base path.
   */
  readonly complaints: string[] = [];
  #dropped = false;

  private constructor(context: BrowserContext, page: Page, url: URL) {
    this.#context = context;
    this.page = page;
    this.url = url;
    page.on('console', (line) => {
      if (line.text().includes(INTERFACES_CHANGED)) return;
      if (['error', 'warning'].includes(line.type())) this.complaints.push(`console: ${line.text()}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => {
      this.complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    context.on('request', (request) => {
      const isOurs = request.url().startsWith(url.href) || request.url().startsWith('data:');
      if (!isOurs) this.complaints.push(`request: ${request.url()}`);
    });
    context.on('requestfailed', (request) => {
      this.#dropped ||= request.failure()?.errorText === INTERFACES_CHANGED;
    });
  }

  /** Opens a page, with cookies of its own. */
  static async open(browser: Browser, url: URL, options: BrowserContextOptions = {}): Promise<Viewer> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    const viewer = new Viewer(context, await context.newPage(), url);
    await viewer.go('');
    return viewer;
  }

  /** Goes to a path below the base path. */
  async go(path: string): Promise<void> {
    do {
      this.#dropped = false;
      await this.page.goto(new URL(path, this.url).href).catch((error: Error) => {
        if (!error.message.includes(INTERFACES_CHANGED)) throw error;
        this.#dropped = true;
      });
    } while (this.#dropped);
  }

  async logIn(password = PASSWORD): Promise<void> {
    await this.page.getByLabel('User').fill('bullpen');
    await this.page.getByLabel('Password').fill(password);
    await this.page.getByRole('button', { name: 'Log in' }).click();
  }

  /** The cookies with which another browser is logged in as this one is. */
  cookies(): ReturnType<BrowserContext['storageState']> {
    return this.#context.storageState();
  }

  close(): Promise<void> {
    return this.#context.close();
  }
}
