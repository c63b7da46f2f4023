/** The service itself: which build runs, whether its log keeps up, and what the runtime says of itself. */
import { Gauge } from '@prometheus-io/client';
import gc from '@prometheus-io/client/lib/metrics/gc.js';
import heapSizeAndUsed from '@prometheus-io/client/lib/metrics/heapSizeAndUsed.js';
import heapSpacesSizeAndUsed from '@prometheus-io/client/lib/metrics/heapSpacesSizeAndUsed.js';
import osMemoryHeap from '@prometheus-io/client/lib/metrics/osMemoryHeap.js';
import processCpuTotal from '@prometheus-io/client/lib/metrics/processCpuTotal.js';
import processMaxFileDescriptors from '@prometheus-io/client/lib/metrics/processMaxFileDescriptors.js';
import processOpenFileDescriptors from '@prometheus-io/client/lib/metrics/processOpenFileDescriptors.js';
import processStartTime from '@prometheus-io/client/lib/metrics/processStartTime.js';
import version from '@prometheus-io/client/lib/metrics/version.js';
import type { Family } from '../family.ts';
import { counters } from '../read-at-scrape.ts';

/**
 * The client's own collectors, one by one. Its collectDefaultMetrics() brings others along that wake an idle process
 * hundreds of times a second and whose names `promtool check metrics` rejects (nodejs_active_*_total,
 * nodejs_eventloop_*); the event loop is in the usage family.
 */
const RUNTIME_COLLECTORS = [
  processCpuTotal,
  processStartTime,
  osMemoryHeap,
  processOpenFileDescriptors,
  processMaxFileDescriptors,
  heapSizeAndUsed,
  heapSpacesSizeAndUsed,
  gc,
  version,
];

export const serviceFamily: Family = (registry, { build, droppedLogLines, spans }) => {
  new Gauge({
    name: 'skyops_build_info',
    help: 'Always 1; its labels say what runs.',
    labelNames: ['version', 'revision', 'runtime'],
    registers: [registry],
  }).set(build, 1);
  counters(registry, {
    skyops_log_lines_dropped_total: [
      'Log lines that were given up because stdout was not read fast enough, or by nobody any more.',
      droppedLogLines,
    ],
    skyops_spans_exported_total: [
      'Spans that the collector took; absent where no traces are exported, like the next two.',
      () => spans()?.exported ?? null,
    ],
    skyops_spans_failed_total: ['Spans that the collector did not take.', () => spans()?.failed ?? null],
    skyops_spans_dropped_total: [
      'Spans that did not fit into the queue (OTEL_BSP_MAX_QUEUE_SIZE).',
      () => spans()?.dropped ?? null,
    ],
  });
  for (const collect of RUNTIME_COLLECTORS) collect(registry);
  return {};
};
