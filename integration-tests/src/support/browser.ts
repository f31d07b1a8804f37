import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { PASSWORD } from './dashboard.js';

/** Where distributions put it. `CHROMIUM_PATH` says otherwise. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/snap/bin/chromium'];

/** The browser of this machine, if it has one. */
export const chromiumPath = [process.env['CHROMIUM_PATH'] ?? '', ...PLACES].find(
  (path) => path !== '' && existsSync(path),
);

/** What to say where there is none. */
export const NO_BROWSER =
  'NO BROWSER: there is no Chromium on this machine. Install one (apt-get install chromium), or name it in CHROMIUM_PATH.';

// A browser that is started calls home; a test has no business there.
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
 * A network interface came or went: a container was started, somewhere on this machine. Chromium
 * then drops what it is asking for, also from the loopback, and no flag keeps it from that. Nothing
 * of ours has failed.
 */
const INTERFACES_CHANGED = 'net::ERR_NETWORK_CHANGED';

/** Somebody at a browser, and what goes wrong in front of them. */
export class Viewer {
  readonly page: Page;
  readonly #context: BrowserContext;
  /** Where the dashboard is, with its base path. */
  readonly url: URL;
  /**
   * Lines of the console that warn or worse, errors of scripts, dialogs, requests for anything that
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

  /** What a browser is to be opened with to be logged in as this one is. */
  cookies(): ReturnType<BrowserContext['storageState']> {
    return this.#context.storageState();
  }

  close(): Promise<void> {
    return this.#context.close();
  }
}
