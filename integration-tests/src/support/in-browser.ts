import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe } from 'vitest';
import { chromiumPath, NO_BROWSER, openBrowser, Viewer } from './browser.js';
import type { World } from './world.js';

/** Opens a page of a dashboard; it is closed with the world. */
export type Look = (world: World, url: URL) => Promise<Viewer>;

/**
 * Tests that share a browser; each has pages and cookies of its own. Without a browser they are
 * skipped, and stderr says so.
 */
export function describeInBrowser(name: string, tests: (look: Look) => void): void {
  if (chromiumPath === undefined) process.stderr.write(`\n${NO_BROWSER}\nSKIPPED: ${name}\n\n`);
  describe.skipIf(chromiumPath === undefined)(name, () => {
    let browser: Browser | undefined;
    beforeAll(async () => {
      browser = await openBrowser();
    });
    afterAll(() => browser?.close());
    tests(async (world, url) => {
      const viewer = await Viewer.open(browser as Browser, url);
      world.onClose(() => viewer.close());
      return viewer;
    });
  });
}
