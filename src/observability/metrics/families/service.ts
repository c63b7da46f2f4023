/** The service itself: which build runs, whether its log keeps up, and what the runtime says of itself. */
import { collectDefaultMetrics, Gauge } from '@prometheus-io/client';
import type { Family } from '../family.ts';
import { counters } from '../read-at-scrape.ts';

/**
 * Defaults of the client that break the naming rules: gauges that end in `_total`, and types in names.
 * `promtool check metrics` reports each of them. The event loop's utilization is in the usage family.
 */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
  'nodejs_eventloop_utilization_summary',
  'nodejs_eventloop_utilization_histogram',
];

export const serviceFamily: Family = (registry, { build, droppedLogLines }) => {
  new Gauge({
    name: 'skyops_build_info',
    help: 'Always 1; its labels say what runs.',
    labelNames: ['version', 'revision', 'runtime'],
    registers: [registry],
  }).set(build, 1);
  counters(registry, {
    skyops_log_lines_dropped_total: [
      'Log lines that were given up because stdout was not read fast enough.',
      droppedLogLines,
    ],
  });
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  return {};
};
