/** The documentation pages as a browser sees them. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { openChromium } from '#test/support/chromium.ts';
import { startInProcess } from '#test/support/in-process.ts';

const PICTURES = new URL('../../.cache/screenshots/', import.meta.url).pathname;

type Visit = { readonly page: Page; readonly foreign: string[]; readonly complaints: string[] };

async function visit(test: TestContext, path: string): Promise<Visit | undefined> {
  const browser = await openChromium(test);
  if (browser === undefined) return undefined;
  const { url } = await startInProcess(test);
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const foreign: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url())) foreign.push(request.url());
  });
  // Chromium reports a violated Content-Security-Policy, a failed load and an uncaught error on the console.
  page.on('console', (message) => {
    if (message.type() === 'error' || /Content.Security/.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url + path, { waitUntil: 'networkidle' });
  return { page, foreign, complaints };
}

async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}${name}.png` });
}

describe('the documentation pages', () => {
  it('/docs shows every operation, asks nobody else, breaks no policy, and its "Try it out" works', async (test) => {
    const visited = await visit(test, '/docs');
    if (visited === undefined) return;
    const { page, foreign, complaints } = visited;
    await page.getByText('/simulate-cpu').first().waitFor();
    await picture(page, 'docs');

    await page.locator('#operations-probes-getHealth .opblock-summary-control').click();
    await page.getByRole('button', { name: 'Try it out' }).click();
    await page.getByRole('button', { name: 'Execute' }).click();
    const answer = page
      .locator('#operations-probes-getHealth .live-responses-table tbody .response-col_description')
      .first();
    await answer.waitFor();
    assert.match((await answer.textContent()) ?? '', /"status": "ok"/);
    await picture(page, 'docs-try-it-out');
    assert.deepEqual(foreign, []);
    assert.deepEqual(complaints, []);
  });

  it('/redoc shows the document, asks nobody else and breaks no policy', async (test) => {
    const visited = await visit(test, '/redoc');
    if (visited === undefined) return;
    const { page, foreign, complaints } = visited;
    await page.getByRole('heading', { name: 'Burn CPU and wait for the report' }).first().waitFor();
    await picture(page, 'redoc');
    assert.deepEqual(foreign, []);
    assert.deepEqual(complaints, []);
  });
});
