/** The Grafana dashboard as a typed value: panels with their queries, laid out in rows; reference.ts writes it to monitoring/grafana. */

type Unit = 'short' | 'reqps' | 's' | 'bytes' | 'percentunit' | 'none';

export type Panel = {
  readonly title: string;
  readonly type: 'timeseries' | 'stat';
  readonly unit: Unit;
  /** What one sees here and when to worry, behind the panel's (i). */
  readonly description: string;
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
};

type Row = { readonly title: string; readonly panels: readonly Panel[] };

/** The labels that the variables of the dashboard choose. */
const OF = 'job="$job", instance=~"$instance"';
/** Without probes and scrapes, as the alerts have it. */
const BY_USERS = ', path!~"/health|/ready|/metrics"';
const rate = (metric: string, labels = '') => `rate(${metric}{${OF}${labels}}[$__rate_interval])`;
const quantile = (ratio: number) =>
  `histogram_quantile(${ratio}, sum by (le) (rate(skyops_http_request_duration_seconds_bucket{${OF}, path!~"/simulate-cpu|/simulations.*|/events|/health|/ready|/metrics|unmatched"}[$__rate_interval])))`;

const stat = (title: string, unit: Unit, description: string, expr: string): Panel => ({
  title,
  type: 'stat',
  unit,
  description,
  queries: [{ expr, legend: title }],
});

const series = (title: string, unit: Unit, description: string, queries: Readonly<Record<string, string>>): Panel => ({
  title,
  type: 'timeseries',
  unit,
  description,
  queries: Object.entries(queries).map(([legend, expr]) => ({ legend, expr })),
});

export const rows: readonly Row[] = [
  {
    title: 'Now',
    panels: [
      stat('Replicas up', 'none', 'Targets that Prometheus reaches.', `sum(up{${OF}})`),
      stat('Requests', 'reqps', 'All of them, probes and scrapes too.', `sum(${rate('skyops_http_requests_total')})`),
      stat(
        'Failed',
        'percentunit',
        'Part of the requests that ended with 500, 502, 503 or 504; the objective is 0.1 %.',
        `sum(${rate('skyops_http_requests_total', `${BY_USERS}, status=~"500|502|503|504"`)}) / sum(${rate('skyops_http_requests_total', BY_USERS)})`,
      ),
      stat('p99', 's', 'Simulations and event streams are left out.', quantile(0.99)),
      stat('Simulations', 'none', 'Those that run now.', `sum(skyops_simulation_active{${OF}})`),
      stat(
        'Delivered',
        'none',
        'Cores that simulations use, as the kernel accounts it.',
        `sum(${rate('skyops_simulation_delivered_core_seconds_total')})`,
      ),
    ],
  },
  {
    title: 'Requests',
    panels: [
      series('Requests by route', 'reqps', 'Where the load comes in.', {
        '{{method}} {{path}}': `sum by (method, path) (${rate('skyops_http_requests_total')}) > 0`,
      }),
      series('Answers by status', 'reqps', '499 is a client that left before its answer.', {
        '{{status}}': `sum by (status) (${rate('skyops_http_requests_total')}) > 0`,
      }),
      series('Duration', 's', 'Simulations and event streams are left out: they take as long as they were asked to.', {
        p50: quantile(0.5),
        p90: quantile(0.9),
        p99: quantile(0.99),
      }),
      series('Open', 'short', 'Requests in progress; connections that were refused.', {
        'in flight {{instance}}': `skyops_http_requests_in_flight{${OF}}`,
        'connections dropped {{instance}}': rate('skyops_http_connections_dropped_total'),
      }),
    ],
  },
  {
    title: 'Simulations',
    panels: [
      series(
        'Cores',
        'short',
        'Delivered must lie on granted; requested is above where the capacity did not suffice.',
        {
          requested: `sum(skyops_simulation_requested_cores{${OF}})`,
          granted: `sum(skyops_simulation_granted_cores{${OF}})`,
          delivered: `sum(${rate('skyops_simulation_delivered_core_seconds_total')})`,
        },
      ),
      series('Memory', 'bytes', 'Held by simulations, as the kernel sees it.', {
        granted: `sum(skyops_simulation_granted_bytes{${OF}})`,
        resident: `sum(skyops_simulation_resident_bytes{${OF}})`,
      }),
      series('Running', 'short', 'By kind.', {
        '{{kind}} {{instance}}': `skyops_simulation_active{${OF}}`,
      }),
      series('Begun and ended', 'short', 'In five minutes, by why.', {
        'started {{kind}}': `sum by (kind) (increase(skyops_simulations_started_total{${OF}}[5m])) > 0`,
        '{{because}} {{kind}}': `sum by (kind, because) (increase(skyops_simulations_ended_total{${OF}}[5m])) > 0`,
        'refused: {{code}}': `sum by (code) (increase(skyops_simulations_refused_total{${OF}}[5m])) > 0`,
      }),
    ],
  },
  {
    title: 'Container',
    panels: [
      series('CPU', 'short', 'Against the limit, where there is one.', {
        'used {{instance}}': rate('skyops_container_cpu_usage_seconds_total'),
        'limit {{instance}}': `skyops_container_cpu_quota_cores{${OF}}`,
      }),
      series('Throttled', 'percentunit', 'Part of the periods in which the kernel stopped the container.', {
        '{{instance}}': `${rate('skyops_container_cpu_cfs_throttled_periods_total')} / (${rate('skyops_container_cpu_cfs_periods_total')} > 0)`,
      }),
      series('Memory', 'bytes', 'What evictions and the OOM killer go by.', {
        'working set {{instance}}': `skyops_container_memory_working_set_bytes{${OF}}`,
        'limit {{instance}}': `skyops_container_memory_limit_bytes{${OF}}`,
      }),
      series('Pressure', 'percentunit', 'Part of the time in which something waited (PSI, cgroup version 2).', {
        'cpu {{instance}}': rate('skyops_container_pressure_cpu_waiting_seconds_total'),
        'memory {{instance}}': rate('skyops_container_pressure_memory_waiting_seconds_total'),
        'io {{instance}}': rate('skyops_container_pressure_io_waiting_seconds_total'),
      }),
    ],
  },
  {
    title: 'Process',
    panels: [
      series('Event loop', 's', 'How long one turn takes; every request waits that long.', {
        'p99 {{instance}}': `skyops_event_loop_delay_p99_seconds{${OF}}`,
        'longest {{instance}}': `skyops_event_loop_delay_max_seconds{${OF}}`,
      }),
      series('Busy', 'percentunit', 'Part of the time in which the main thread works or collects garbage.', {
        'event loop {{instance}}': `skyops_event_loop_utilization_ratio{${OF}}`,
        'garbage collection {{instance}}': `sum by (instance) (${rate('nodejs_gc_duration_seconds_sum')})`,
      }),
      series('Memory', 'bytes', 'Resident beyond what simulations hold is the service itself.', {
        'resident {{instance}}': `process_resident_memory_bytes{${OF}}`,
        'heap used {{instance}}': `nodejs_heap_size_used_bytes{${OF}}`,
      }),
      series('Handles', 'short', 'Both stay as they are under a load that stays.', {
        'file descriptors {{instance}}': `process_open_fds{${OF}}`,
        'processes and threads {{instance}}': `skyops_container_pids{${OF}}`,
      }),
    ],
  },
  {
    title: 'Telemetry itself',
    panels: [
      series('Lost', 'short', 'A second; above 0, something that reads is too slow.', {
        'log lines {{instance}}': rate('skyops_log_lines_dropped_total'),
        'spans dropped {{instance}}': rate('skyops_spans_dropped_total'),
        'spans failed {{instance}}': rate('skyops_spans_failed_total'),
      }),
      series('Scrape', 's', 'How long the service took to make its metrics.', {
        '{{instance}}': `skyops_scrape_duration_seconds{${OF}}`,
      }),
    ],
  },
];

const WIDTH = 24;

/** Grafana's classic form, which every version since 9 reads. */
export function dashboard(): object {
  let id = 0;
  let y = 0;
  const panels = rows.flatMap(({ title, panels: inRow }) => {
    const height = inRow[0]?.type === 'stat' ? 4 : 8;
    const width = inRow[0]?.type === 'stat' ? Math.floor(WIDTH / inRow.length) : WIDTH / 4;
    id += 1;
    const header = { id, type: 'row', title, collapsed: false, gridPos: { x: 0, y, w: WIDTH, h: 1 }, panels: [] };
    const shown = inRow.map((panel, index) => {
      id += 1;
      return grafanaPanel(panel, id, { x: index * width, y: y + 1, w: width, h: height });
    });
    y += 1 + height;
    return [header, ...shown];
  });
  return {
    uid: 'skyops',
    title: 'SkyOps',
    description: 'Requests, simulations, container and process of SkyOps.',
    tags: ['skyops'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', current: {} },
        choice('job', 'Job', 'label_values(skyops_build_info, job)', false),
        choice('instance', 'Instance', 'label_values(skyops_build_info{job="$job"}, instance)', true),
      ],
    },
    panels,
  };
}

const SOURCE = { type: 'prometheus', uid: '$datasource' };

function choice(name: string, label: string, query: string, isMulti: boolean): object {
  return {
    name,
    label,
    type: 'query',
    datasource: SOURCE,
    query: { query, refId: name },
    refresh: 2,
    multi: isMulti,
    includeAll: isMulti,
    ...(isMulti ? { allValue: '.*', current: { text: 'All', value: '$__all' } } : {}),
  };
}

function grafanaPanel({ title, type, unit, description, queries }: Panel, id: number, gridPos: object): object {
  return {
    id,
    title,
    type,
    description,
    gridPos,
    datasource: SOURCE,
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
    })),
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options:
      type === 'stat'
        ? { reduceOptions: { calcs: ['lastNotNull'] }, graphMode: 'area', colorMode: 'value' }
        : { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
  };
}
