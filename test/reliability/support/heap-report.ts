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

export type HeapReport = { readonly heapUsed: number; readonly rss: number; readonly timers: number };

type ReportingReplica = {
  readonly replica: Replica;
  readonly report: () => Promise<HeapReport>;
  /** Bytes of what the program itself holds, in the moment of the latest report. */
  readonly programBytes: () => number;
};

/** @param takesSnapshots each report then costs a second and a file of 24 MB. */
export async function startReportingReplica(test: TestContext, takesSnapshots = false): Promise<ReportingReplica> {
  const folder = mkdtempSync(join(tmpdir(), 'skyops-heap-'));
  const file = join(folder, 'heap.json');
  const snapshot = join(folder, 'heap.heapsnapshot');
  const [port = 0] = await freePorts(1);
  const replica = new Replica({
    port,
    logFile: join(folder, 'log'),
    settings: { TEST_REPORT: file, ...(takesSnapshots ? { TEST_SNAPSHOT: snapshot } : {}) },
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
  return { replica, report, programBytes: () => programBytesIn(readFileSync(snapshot, 'utf8')) };
}

/**
 * Of a heap snapshot, what is V8's own: compiled code, the lists of what depends on it, the forms of objects. All of it goes on to grow for many
 * minutes as V8 compiles, and comes with the time, not with the requests.
 */
const OWN_OF_V8: ReadonlySet<string> = new Set(['code', 'hidden', 'object shape', 'synthetic']);

function programBytesIn(heapSnapshot: string): number {
  const { snapshot, nodes } = JSON.parse(heapSnapshot);
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [typeAt, sizeAt] = [fields.indexOf('type'), fields.indexOf('self_size')];
  let bytes = 0;
  for (let node = 0; node < nodes.length; node += fields.length) {
    if (!OWN_OF_V8.has(types[typeAt][nodes[node + typeAt]])) bytes += nodes[node + sizeAt];
  }
  return bytes;
}
