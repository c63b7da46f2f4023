/** Speaks HTTP to one address over one connection at a time: behind a Service, what follows then reaches the same replica. */
import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import { Failure } from '#foundation/failure.ts';

export type HttpAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string };

type HttpRequest = {
  readonly method: string;
  /** Below the path that the address has, so that it works behind a proxy that adds one. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: object;
  /** For the whole answer. */
  readonly timeoutMs: number;
  /** Gives the answer up. */
  readonly signal?: AbortSignal;
};

export type HttpClient = {
  /** As it may be shown: without credentials. */
  readonly address: string;
  /** @throws Failure `no-answer`; its message says why, and never the credentials that the address may hold. Its cause is what the system said. */
  readonly ask: (request: HttpRequest) => Promise<HttpAnswer>;
  /** Leaves the connection: the next request goes over a new one, which may lead to another replica. */
  readonly leave: () => void;
};

export type HttpClientOptions = {
  /** Sent as `Authorization: Bearer`. */
  readonly credential?: string;
  /** Whether requests share a connection; one each leads each of them to whichever replica the Service chooses. */
  readonly isKept?: boolean;
};

/** As it may be shown: without credentials. */
export const shownAddress = (url: URL) => `${url.origin}${url.pathname === '/' ? '' : url.pathname}`;

/** Below whatever path the address has. Its query belongs to it, a fragment does not. */
function targetOf(url: URL, path: string): URL {
  const target = new URL(url);
  target.pathname = `${url.pathname.replace(/\/$/, '')}${path}`;
  target.hash = '';
  return target;
}

export function openHttpClient(url: URL, { credential, isKept = true }: HttpClientOptions = {}): HttpClient {
  const isSecure = url.protocol === 'https:';
  const address = shownAddress(url);
  const newAgent = () => new (isSecure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 1 });
  let agent = isKept ? newAgent() : undefined;

  function send({ method, path, headers, body }: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const content = body === undefined ? undefined : JSON.stringify(body);
    const length = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content ?? '') };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const options = {
      method,
      agent: agent ?? false,
      signal,
      headers: {
        accept: 'application/json',
        ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
        ...(content === undefined ? {} : length),
        ...headers,
      },
    };
    const request = (isSecure ? requestHttps : requestHttp)(targetOf(url, path), options, resolve);
    request.on('error', reject);
    request.end(content);
    return promise;
  }

  return {
    address,
    ask: async (request) => {
      const timeout = AbortSignal.timeout(Math.ceil(request.timeoutMs));
      const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
      try {
        const answer = await send(request, signal);
        return { status: answer.statusCode ?? 0, headers: answer.headers, text: await text(answer) };
      } catch (error) {
        // In the middle of an answer Node says of it that the connection was reset.
        const cause = signal.aborted ? signal.reason : error;
        throw new Failure('no-answer', `${address} did not answer: ${reasonOf(cause)}.`, {
          cause,
          hint: 'Is it a SkyOps, and can this machine reach it? Try: skyops check URL',
        });
      }
    },
    leave: () => {
      agent?.destroy();
      if (isKept) agent = newAgent();
    },
  };
}

/** What the system said of an answer that did not come, in a word or two. */
export function reasonOf(error: unknown): string {
  const { name, message, code } = error as Error & { code?: string };
  if (name === 'TimeoutError' || name === 'AbortError' || code === 'ABORT_ERR') return 'no answer in time';
  return code ?? message;
}
