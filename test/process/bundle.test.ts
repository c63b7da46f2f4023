/** The bundle that the image runs holds what is loaded only on demand. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startCollector } from '#test/support/collector.ts';
import { startOwnProcess } from '#test/support/own-process.ts';
import { until } from '#test/support/until.ts';

const BUNDLER = fileURLToPath(new URL('../../tools/bundle.ts', import.meta.url));

describe('the bundle', () => {
  it('exports traces by both protocols, without any package beside it', async (test) => {
    // Outside of this folder nothing is found in its node_modules.
    const folder = mkdtempSync(join(tmpdir(), 'skyops-bundle-'));
    test.after(() => rmSync(folder, { recursive: true, force: true }));
    execFileSync(process.execPath, [BUNDLER, folder]);
    const collector = await startCollector(test);
    for (const [protocol, endpoint] of [
      ['http/protobuf', collector.url],
      ['grpc', collector.grpcUrl],
    ] as const) {
      const settings = {
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_BSP_SCHEDULE_DELAY: '20',
      };
      const { url } = await startOwnProcess(test, settings, [], [], join(folder, 'src/main.js'));
      const { headers } = await fetch(`${url}/health`);
      const traceId = headers.get('x-request-id');
      const span = await until('its span is there', () => collector.spans.find((each) => each.traceId === traceId));
      assert.equal(span.name, 'GET /health');
    }
  });
});
