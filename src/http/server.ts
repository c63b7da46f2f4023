/** Builds the HTTP server: Fastify with its limits, the hooks, the routes, and one form for every error. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import swagger from '@fastify/swagger';
import fastify from 'fastify';
import { Failure } from '#foundation/failure.ts';
import { Simulation, SimulationSummary } from '#simulation/simulation.ts';
import { requireDeclaredAccess } from './access.ts';
import { addHooks } from './hooks/catalog.ts';
import type { HookParts } from './hooks/hook.ts';
import { observeRequest } from './hooks/observation.ts';
import { acceptStrictJson } from './json-body.ts';
import { openApiOptions } from './openapi.ts';
import { pages } from './pages/catalog.ts';
import { Problem } from './problem.ts';
import { type RouteParts, routes } from './routes/catalog.ts';
import type { App } from './routes/route.ts';
import {
  HEADERS_TIMEOUT_MS,
  type HttpSettings,
  MAX_BODY_BYTES,
  MAX_TARGET_LENGTH,
  REQUEST_TIMEOUT_MS,
  TIMEOUT_CHECK_MS,
} from './settings.ts';
import { answerThrown, type OnFailure } from './thrown.ts';
import { answerUnmatched } from './unmatched.ts';
import { createValidators } from './validators.ts';
import { answerBrokenConnection, answerOddRequests, refuseVersionless } from './wire/broken-request.ts';
import { answerClass } from './wire/prepared-headers.ts';
import { excuseFreezes } from './wire/process-freeze.ts';
import { requestIdOf } from './wire/request-id.ts';
import { answerOf } from './wire/response-headers.ts';
import { cutStalledReaders } from './wire/stalled-readers.ts';
import { answerVersionless } from './wire/versionless.ts';

export type ServerParts = RouteParts &
  HookParts & {
    readonly settings: HttpSettings;
    /** The name of this replica, which every answer bears. */
    readonly replica: string;
    readonly onFailure: OnFailure;
    /** Told where this Node makes response headers in another way than the prepared ones are made for. */
    readonly onUnknownNode: () => void;
    /** Told of a connection beyond SKYOPS_MAX_CONNECTIONS, which is closed at once. */
    readonly onDroppedConnection: () => void;
  };

/** The server with everything on it, checked and ready to listen. Rejects if a route is not declared in full. */
export async function createServer(parts: ServerParts): Promise<App> {
  const validators = createValidators();
  const answerError = answerThrown(parts.onFailure);
  const app: App = fastify({
    ...httpOptions(parts),
    ...VALIDATION,
    schemaController: { compilersFactory: { buildValidator: validators.build, buildSerializer } },
    frameworkErrors: (error, request, reply) => {
      // Errors before routing run no hooks, so that this does their part.
      observeRequest(request, reply, parts);
      answerOf(reply).requestId = request.id;
      return answerError(error, request, reply);
    },
  }).withTypeProvider();

  for (const schema of [Problem, Simulation, SimulationSummary]) app.addSchema(schema);
  // So that none is looked up for each answer.
  app.setReplySerializer((payload) => JSON.stringify(payload));
  requireDeclaredAccess(app);
  acceptStrictJson(app);
  addHooks(app, parts);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) => answerUnmatched(request, reply));
  await app.register(swagger, openApiOptions(parts.build));
  // A plugin's boot order: routes must come after @fastify/swagger, which collects them.
  for (const route of [...routes(parts), ...pages]) route(app);
  repair(app.server, parts);
  validators.compileOnListen(app);
  await app.ready();
  assertTimeouts(app);
  excuseFreezes(app.server, parts.clock);
  return app;
}

/** Node's server, with its limits. */
function httpOptions(parts: ServerParts) {
  const { settings } = parts;
  const { Answer, isPrepared } = answerClass(parts.replica);
  if (!isPrepared) parts.onUnknownNode();
  return {
    // Requests are logged by the observation hook, which also sees those that are aborted.
    logger: false,
    genReqId: requestIdOf,
    // The default reads the header unchecked.
    requestIdHeader: false,
    // The answer during the drain is our business; Fastify would refuse what still arrives with 503.
    return503OnClosing: false,
    bodyLimit: MAX_BODY_BYTES,
    routerOptions: { maxParamLength: MAX_TARGET_LENGTH },
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: settings.keepAliveSeconds * 1000,
    http: {
      ServerResponse: Answer,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      maxHeaderSize: settings.maxHeaderBytes,
      // The conformance hook refuses a missing Host in the form of every other refusal.
      requireHostHeader: false,
    },
    clientErrorHandler: (error: Error, socket: Socket) =>
      answerBrokenConnection(error, socket, parts, settings.maxHeaderBytes),
  } as const;
}

/** Coercion would let "Infinity" pass every range, and dropping unknown fields would hide a misspelt one. */
const VALIDATION = {
  ajv: {
    customOptions: {
      coerceTypes: false,
      removeAdditional: false,
      useDefaults: false,
      allErrors: true,
      verbose: true,
      discriminator: true,
      // The schemas are ours: the tests hold them against the meta-schema, which takes 70 ms to compile.
      validateSchema: false,
      // Half of the time that the validators take to compile (110 and 52 ms in a profile), and no cost that shows in a request.
      code: { optimize: false },
    },
  },
} as const;

/** What Node's server would do otherwise (wire/). */
function repair(server: Server, parts: ServerParts): void {
  answerOddRequests(server, parts);
  answerVersionless(server, (socket) => refuseVersionless(socket, parts));
  server.on('drop', parts.onDroppedConnection);
  cutStalledReaders(server, parts.clock);
  server.maxConnections = parts.settings.maxConnections;
}

/**
 * Fastify's own, which is not even loaded this way, would compile a validator for every union in an answer when it is first sent: 170 ms of
 * CPU time in the first simulation (measured). That answers keep to their schemas is shown by the tests.
 */
const buildSerializer = () => () => JSON.stringify;

/** Fastify sets requestTimeout past Node's own check; the wrong way round, Node would swap the two without a word. */
export function assertTimeouts({
  server,
}: {
  readonly server: Pick<Server, 'headersTimeout' | 'requestTimeout'>;
}): void {
  if (server.headersTimeout === HEADERS_TIMEOUT_MS && server.requestTimeout === REQUEST_TIMEOUT_MS) return;
  throw new Failure(
    'timeouts-swapped',
    `The time for the headers is ${server.headersTimeout} ms and the one for a request ${server.requestTimeout} ms, not ${HEADERS_TIMEOUT_MS} and ${REQUEST_TIMEOUT_MS}.`,
  );
}
