/** Gathers the settings that the rooms declare; the reference documentation follows this order. */

import type { SettingValues } from '#foundation/setting.ts';
import { buildSettings } from '#http/build.ts';
import { httpSettings } from '#http/settings.ts';
import { drainSettings } from '#lifecycle/drain.ts';
import { watchdogSettings } from '#lifecycle/watchdog.ts';
import { loggerSettings } from '#observability/logger.ts';
import { metricsSettings } from '#observability/metrics/settings.ts';
import { tracingSettings } from '#observability/tracing/settings.ts';
import { capSettings } from '#simulation/capacity/caps.ts';
import { identitySettings } from '#usage/identity.ts';

export const settings = {
  http: httpSettings,
  logger: loggerSettings,
  metrics: metricsSettings,
  tracing: tracingSettings,
  simulation: capSettings,
  drain: drainSettings,
  watchdog: watchdogSettings,
  identity: identitySettings,
  build: buildSettings,
};

export type Config = { readonly [Group in keyof typeof settings]: SettingValues<(typeof settings)[Group]> };
