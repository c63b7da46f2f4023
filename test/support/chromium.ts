/** A headless Chromium for the pages. It is the machine's; a machine without one skips, CI must have it. */
import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { type Browser, chromium } from 'playwright-core';

const PATHS = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Opens the browser, or skips the test with the reason and returns undefined. */
export async function openChromium(test: TestContext): Promise<Browser | undefined> {
  const executablePath = PATHS.find((path) => path !== '' && existsSync(path));
  if (executablePath === undefined) {
    missing(test, 'no Chromium found; install it or name it in CHROMIUM');
    return undefined;
  }
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
  test.after(() => browser.close());
  return browser;
}

/** In CI a missing tool is a failure, elsewhere a skipped test that says why. */
export function missing(test: TestContext, reason: string): void {
  if (process.env['CI'] === 'true') throw new Error(reason);
  // A contributor without a browser or a Prometheus can work; the reason is printed, so that nobody takes it for proven.
  test.skip(reason);
}
