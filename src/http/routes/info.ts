/** GET /: what this is, which build of it, and where everything else is. */
import Type from 'typebox';
import { type Clock, rfc3339 } from '#foundation/clock.ts';
import { nullable, rounded, timestamp } from '#foundation/scalars.ts';
import type { Phase } from '#lifecycle/phase.ts';
import type { Build } from '../build.ts';
import { INFO_EXAMPLE } from './examples.ts';
import { json, problems, type Route } from './route.ts';

export const ServiceInfo = Type.Object({
  name: Type.String({ examples: ['skyops'] }),
  version: Type.String({ examples: ['1.2.3'] }),
  commit: nullable(Type.String({ description: 'The commit that was built, null in a checkout.' })),
  started_at: timestamp(),
  uptime_seconds: Type.Number({ minimum: 0 }),
  phase: Type.Enum(['starting', 'ready', 'draining', 'stopped']),
});

export type ServiceParts = {
  readonly build: Build;
  readonly clock: Clock;
  readonly phase: Phase;
  readonly startedEpochMs: number;
  readonly startedMs: number;
};

export function serviceInfo({ build, clock, phase, startedEpochMs, startedMs }: ServiceParts) {
  return {
    name: build.name,
    version: build.version,
    commit: build.commit,
    started_at: rfc3339(startedEpochMs),
    uptime_seconds: rounded((clock.monotonicMs() - startedMs) / 1000, 3),
    phase: phase.current(),
  };
}

const LINKS = {
  health: '/health',
  ready: '/ready',
  status: '/status',
  metrics: '/metrics',
  simulate_cpu: '/simulate-cpu',
  simulations: '/simulations',
  events: '/events',
  openapi: '/openapi.json',
  docs: '/docs',
  redoc: '/redoc',
};

export function infoRoute(parts: ServiceParts): Route {
  return (app) => {
    app.get(
      '/',
      {
        config: { access: 'public' },
        schema: {
          operationId: 'getInfo',
          tags: ['service'],
          summary: 'What this is',
          description: 'The name, the build, the phase, and links to everything else.',
          response: {
            200: json(
              'The service.',
              Type.Object(
                {
                  ...ServiceInfo.properties,
                  links: Type.Object(Object.fromEntries(Object.keys(LINKS).map((name) => [name, Type.String()])), {
                    title: 'Links',
                  }),
                },
                { title: 'Info' },
              ),
              { ...INFO_EXAMPLE, links: LINKS },
            ),
            ...problems(),
          },
        },
      },
      () => ({ ...serviceInfo(parts), links: LINKS }),
    );
  };
}
