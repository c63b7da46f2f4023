/** A replica that says on request what is left after a garbage collection. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '#test/support/until.ts';
import { freePorts } from './ports.ts';
import { Replica } from './replica.ts';

const REPORT_HEAP = fileURLToPath(new URL('./report-heap.ts', import.meta.url));

export type HeapReport = {
  readonly heapUsed: number;
  /** Of it, what V8 has compiled. */
  readonly codeUsed: number;
  readonly rss: number;
  readonly timers: number;
};

export async function startReportingReplica(
  test: TestContext,
): Promise<{ replica: Replica; report: () => Promise<HeapReport> }> {
  const folder = mkdtempSync(join(tmpdir(), 'skyops-heap-'));
  const file = join(folder, 'heap.json');
  const [port = 0] = await freePorts(1);
  const replica = new Replica({
    port,
    logFile: join(folder, 'log'),
    settings: { TEST_REPORT: file },
    nodeOptions: ['--expose-gc', '--import', REPORT_HEAP],
  });
  test.after(() => replica.kill());
  await replica.start();
  const report = () => {
    rmSync(file, { force: true });
    replica.signal('SIGUSR2');
    return until('the heap is reported', () => {
      try {
        return JSON.parse(readFileSync(file, 'utf8')) as HeapReport;
      } catch {
        return undefined;
      }
    });
  };
  return { replica, report };
}
