/** Speaks HTTP to one address over one connection at a time: behind a Service, what follows then reaches the same replica. */
import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import { Failure } from '#foundation/failure.ts';

export type HttpAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string };

type HttpRequest = {
  readonly method: string;
  /** Below the path that the address has. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: object;
  readonly timeoutMs: number;
};

export type HttpClient = {
  /** @throws Failure `no-answer`; its message says why, and never the credentials that the address may hold. */
  readonly ask: (request: HttpRequest) => Promise<HttpAnswer>;
  /** Leaves the connection: the next request goes over a new one, which may lead to another replica. */
  readonly leave: () => void;
};

/** As it may be shown: without credentials. */
export const shownAddress = (url: URL) => `${url.origin}${url.pathname === '/' ? '' : url.pathname}`;

export function openHttpClient(url: URL): HttpClient {
  const isSecure = url.protocol === 'https:';
  const newAgent = () =>
    isSecure ? new HttpsAgent({ keepAlive: true, maxSockets: 1 }) : new HttpAgent({ keepAlive: true, maxSockets: 1 });
  let agent = newAgent();

  function send({ method, path, headers, body, timeoutMs }: HttpRequest): Promise<IncomingMessage> {
    const target = new URL(url);
    target.pathname = `${url.pathname.replace(/\/$/, '')}${path}`;
    target.hash = '';
    const content = body === undefined ? undefined : JSON.stringify(body);
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = (isSecure ? requestHttps : requestHttp)(
      target,
      {
        method,
        agent,
        signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
        headers: {
          accept: 'application/json',
          ...(content === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
          ...headers,
        },
      },
      resolve,
    );
    request.on('error', reject);
    request.end(content);
    return promise;
  }

  return {
    ask: async (request) => {
      try {
        const answer = await send(request);
        return { status: answer.statusCode ?? 0, headers: answer.headers, text: await text(answer) };
      } catch (cause) {
        throw new Failure('no-answer', `${shownAddress(url)} did not answer: ${reasonOf(cause)}.`, {
          cause,
          hint: 'Is it a SkyOps, and can this machine reach it? Try: skyops check URL',
        });
      }
    },
    leave: () => {
      agent.destroy();
      agent = newAgent();
    },
  };
}

function reasonOf(error: unknown): string {
  const { name, message, code } = error as Error & { code?: string };
  if (name === 'TimeoutError' || name === 'AbortError' || code === 'ABORT_ERR') return 'no answer in time';
  return code ?? message;
}
