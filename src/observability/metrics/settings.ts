/** Which metrics there are beside SkyOps' own. */
import { choiceSetting, type SettingValues } from '#foundation/setting.ts';

export const metricsSettings = {
  semanticConventions: choiceSetting({
    variable: 'SKYOPS_METRICS_SEMCONV',
    meaning:
      'true adds http_server_request_duration_seconds and target_info, as OpenTelemetry names them, to /metrics.',
    choices: ['true', 'false'],
    fallback: 'false',
  }),
};

export type MetricsSettings = SettingValues<typeof metricsSettings>;
