/** The documentation pages as a browser sees them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { openChromium } from '#test/support/chromium.ts';
import { startInProcess } from '#test/support/in-process.ts';

const PICTURES = new URL('../../.cache/screenshots/', import.meta.url).pathname;

type Visit = { readonly page: Page; readonly foreign: string[]; readonly complaints: string[] };

/** A gateway, as an HTTPRoute with `pathPrefix` makes one: it takes the prefix away, and knows nothing else. */
async function startGateway(test: TestContext, target: string): Promise<string> {
  const gateway = createServer(({ url = '', method, headers }, answer) => {
    if (!url.startsWith(PREFIX)) return void answer.writeHead(404).end();
    const asked = request(target + url.slice(PREFIX.length), { method, headers }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      got.pipe(answer);
    });
    asked.end();
  }).listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  test.after(() => {
    gateway.close();
    gateway.closeAllConnections();
  });
  return `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
}

const PREFIX = '/team-a/skyops';

async function visit(test: TestContext, path: string): Promise<Visit | undefined> {
  const browser = await openChromium(test);
  if (browser === undefined) return undefined;
  const service = await startInProcess(test);
  const url = path.startsWith(PREFIX) ? await startGateway(test, service.url) : service.url;
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

/** Rules of WCAG and good practice that the page breaks, with the elements. */
async function barriers(page: Page): Promise<readonly string[]> {
  // The page's own policy forbids scripts of others; this one comes from outside of it.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run(),
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 80)).join(' ')}`);
}

async function assertNoBarriers(page: Page, theirs: readonly string[]): Promise<void> {
  const ours = (await barriers(page)).filter((each) => !theirs.some((rule) => each.startsWith(`${rule}: `)));
  assert.deepEqual(ours, []);
  assert.ok(await page.locator('meta[name="description"]').getAttribute('content'));
  assert.equal(await page.locator('main').count(), 1);
}

async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}${name}.png` });
}

describe('the documentation pages', () => {
  for (const path of ['/docs', `${PREFIX}/docs`]) {
    it(`${path} shows every operation, asks nobody else, breaks no policy, and its "Try it out" works`, async (test) => {
      const visited = await visit(test, path);
      if (visited === undefined) return;
      const { page, foreign, complaints } = visited;
      await page.getByText('/simulate-cpu').first().waitFor();
      if (path === '/docs') await picture(page, 'docs');
      // Made by Swagger UI's own bundle, which has its landmarks, colours and headings as they are.
      await assertNoBarriers(page, ['color-contrast', 'heading-order', 'nested-interactive', 'region', 'select-name']);

      await page.locator('#operations-probes-getHealth .opblock-summary-control').click();
      await page.getByRole('button', { name: 'Try it out' }).click();
      await page.getByRole('button', { name: 'Execute' }).click();
      const answer = page
        .locator('#operations-probes-getHealth .live-responses-table tbody .response-col_description')
        .first();
      await answer.waitFor();
      assert.match((await answer.textContent()) ?? '', /"status": "ok"/);
      await picture(page, path === '/docs' ? 'docs-try-it-out' : 'docs-behind-a-gateway');
      assert.deepEqual(foreign, []);
      assert.deepEqual(complaints, []);
    });

    it(`${path.replace('docs', 'redoc')} shows the document, asks nobody else and breaks no policy`, async (test) => {
      const visited = await visit(test, path.replace('docs', 'redoc'));
      if (visited === undefined) return;
      const { page, foreign, complaints } = visited;
      await page.getByRole('heading', { name: 'Load the CPU and wait for the report' }).first().waitFor();
      if (path === '/docs') await picture(page, 'redoc');
      await assertNoBarriers(page, ['heading-order']);
      assert.deepEqual(foreign, []);
      assert.deepEqual(complaints, []);
    });
  }
});
