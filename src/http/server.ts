/** Builds the HTTP server: Fastify with its limits, the hooks, the routes, and one form for every error. */
import type { Server } from 'node:http';
import swagger from '@fastify/swagger';
import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import { Failure } from '#foundation/failure.ts';
import { tricks } from '#foundation/tricks.ts';
import type { RequestTrace } from '#observability/request-record.ts';
import { Simulation, SimulationSummary } from '#simulation/simulation.ts';
import { requireDeclaredAccess } from './access.ts';
import { addHooks } from './hooks/catalog.ts';
import type { HookParts } from './hooks/hook.ts';
import { observeRequest } from './hooks/observation.ts';
import { invalidInput } from './invalid-input.ts';
import { acceptStrictJson, RefusedRequest } from './json-body.ts';
import { openApiOptions } from './openapi.ts';
import { pages } from './pages/catalog.ts';
import { Problem } from './problem.ts';
import { type RouteParts, routes } from './routes/catalog.ts';
import type { App } from './routes/route.ts';
import { sendProblem } from './send-problem.ts';
import {
  HEADERS_TIMEOUT_MS,
  type HttpSettings,
  MAX_BODY_BYTES,
  MAX_TARGET_LENGTH,
  REQUEST_TIMEOUT_MS,
  TIMEOUT_CHECK_MS,
} from './settings.ts';
import { answerUnmatched } from './unmatched.ts';
import { createValidators } from './validators.ts';
import { answerBrokenConnection, answerOddRequests, refuseVersionless } from './wire/broken-request.ts';
import { endWhereDue } from './wire/connection-end.ts';
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
    /** Told of what became a 500, under the request's id. */
    readonly onFailure: (requestId: string, trace: RequestTrace | undefined, cause: unknown) => void;
    /** Told where this Node makes the heads of answers in another way than the prepared ones are made for. */
    readonly onUnknownNode: () => void;
    /** Told of a connection beyond SKYOPS_MAX_CONNECTIONS, which is closed at once. */
    readonly onDroppedConnection: () => void;
  };

/** The server with everything on it, checked and ready to listen. Rejects if a route is not declared in full. */
export async function createServer(parts: ServerParts): Promise<App> {
  const { settings, onFailure } = parts;
  const { Answer, isPrepared } = answerClass(parts.replica, parts.clock);
  if (!isPrepared) parts.onUnknownNode();
  const validators = createValidators();
  const app: App = fastify({
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
      // No stream for a body that is not there: 0.7 of 15.6 µs a request (medians of 5 rounds). json-body.ts takes what it ends early.
      optimizeEmptyRequests: tricks.emptyRequests,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      maxHeaderSize: settings.maxHeaderBytes,
      // The conformance hook refuses a missing Host in the form of every other refusal.
      requireHostHeader: false,
    },
    // Coercion would let "Infinity" pass every range, and dropping unknown fields would hide a misspelt one.
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
    schemaController: { compilersFactory: { buildValidator: validators.build, buildSerializer } },
    frameworkErrors: (error, request, reply) => {
      // Errors before routing run no hooks, so that this does their part.
      observeRequest(request, reply, parts);
      answerOf(reply).requestId = request.id;
      return answerError(error, request, reply);
    },
    clientErrorHandler: (error, socket) => answerBrokenConnection(error, socket, parts, settings.maxHeaderBytes),
  }).withTypeProvider();

  const answerError = (error: FastifyError | RefusedRequest, request: FastifyRequest, reply: FastifyReply) => {
    // Fastify says the end whenever a body is refused, lest the rest of it be taken for a request. A whole one has no rest, and
    // what stands behind it in the same packet is under way by now.
    const saysTheEnd = reply.getHeader('connection') !== undefined;
    reply.removeHeader('connection');
    endWhereDue(answerOf(reply), { isBodyUnread: saysTheEnd && !request.raw.complete });
    return sendProblem(reply, refusalOf(error, request, onFailure));
  };

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
  answerOddRequests(app.server, parts);
  answerVersionless(app.server, (socket) => refuseVersionless(socket, parts));
  app.server.on('drop', parts.onDroppedConnection);
  cutStalledReaders(app.server, parts.clock);
  app.server.maxConnections = settings.maxConnections;
  validators.compileOnListen(app);
  await app.ready();
  assertTimeouts(app);
  excuseFreezes(app.server, parts.clock);
  return app;
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
    `The time for a head is ${server.headersTimeout} ms and the one for a request ${server.requestTimeout} ms, not ${HEADERS_TIMEOUT_MS} and ${REQUEST_TIMEOUT_MS}.`,
  );
}

/** @param thrown what was thrown: JavaScript does not promise that it is an error, or anything at all. */
function refusalOf(thrown: unknown, request: FastifyRequest, onFailure: ServerParts['onFailure']) {
  if (thrown instanceof RefusedRequest) return thrown.refusal;
  const error: Partial<FastifyError> = thrown instanceof Error ? thrown : {};
  if (error.validation !== undefined) {
    return invalidInput(error.validationContext, error.validation);
  }
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return { code: 'body-too-large', detail: `The body may have ${MAX_BODY_BYTES} bytes.` } as const;
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return { code: 'unsupported-media-type', detail: 'Send the body as application/json in UTF-8.' } as const;
    default:
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return { code: 'bad-request', detail: 'The request cannot be understood as HTTP says.' } as const;
  }
  onFailure(request.id, request.trace, thrown);
  return { code: 'internal', detail: 'The cause is in the log, under this request id.' } as const;
}
