/** Who may call a route. Every route says it; one that does not refuses to boot. */
import type { FastifyInstance, RouteOptions } from 'fastify';
import { Failure } from '#foundation/failure.ts';

/**
 * - `public`: anybody who reaches the port: probes, metrics, documentation.
 * - `viewer`: may see what runs.
 * - `operator`: may start and stop load.
 * - `destructive`: may start what takes a replica, or what stands beside it, down.
 */
const ACCESS_LEVELS = ['public', 'viewer', 'operator', 'destructive'] as const;
type Access = (typeof ACCESS_LEVELS)[number];

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    /** Probes and scrapes: logged at debug. */
    isProbe?: boolean;
    /** Answers without an end of their own: their clients leave when they have seen enough. */
    isStream?: boolean;
  }
}

/**
 * Makes `app.ready()` fail if any route has not declared its access.
 * A forgotten declaration is then a failed start in front of its author, not an open door in production.
 */
export function requireDeclaredAccess(app: FastifyInstance): void {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  // Looked at only when all are there: a plugin's routes get their declaration from a hook that runs after this one.
  app.addHook('onReady', (done) => {
    const undeclared = routes
      .filter(({ config }) => config?.access === undefined || !ACCESS_LEVELS.includes(config.access))
      .map(({ method, url }) => `${method} ${url}`);
    if (undeclared.length === 0) return done();
    done(
      new Failure('access-not-declared', `These routes do not declare their access: ${undeclared.join(', ')}.`, {
        hint: `Add config: { access } to each, one of ${ACCESS_LEVELS.join(', ')}.`,
      }),
    );
  });
}
