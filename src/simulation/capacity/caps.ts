/** The caps that whoever deploys the service sets; they hold whatever the machine and the container allow. */
import { bytesSetting, integerSetting, numberSetting, type SettingValues } from '#foundation/setting.ts';

export const capSettings = {
  maxSeconds: numberSetting({
    variable: 'SKYOPS_MAX_SECONDS',
    meaning: 'The longest that one simulation may last, in seconds.',
    minimum: 0.1,
    maximum: 86_400,
    fallback: 3600,
  }),
  maxCores: numberSetting({
    variable: 'SKYOPS_MAX_CORES',
    meaning: 'The most cores that all CPU simulations together may use. It bounds the number of threads too.',
    minimum: 0.1,
    maximum: 256,
    fallback: 8,
  }),
  maxMemoryBytes: bytesSetting({
    variable: 'SKYOPS_MAX_MEMORY',
    meaning: 'The most memory that all memory simulations together may hold.',
    minimum: 1024 ** 2,
    maximum: 1024 ** 4,
    fallback: 1024 ** 3,
  }),
  maxSimulations: integerSetting({
    variable: 'SKYOPS_MAX_SIMULATIONS',
    meaning: 'The most simulations that may run at the same time.',
    minimum: 1,
    maximum: 1000,
    fallback: 16,
  }),
};

export type Caps = SettingValues<typeof capSettings>;
