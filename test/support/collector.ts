/** A real OTLP receiver that decodes protobuf, and what it has received as plain spans. */
import type { TestContext } from 'node:test';
import { MockOtlpServer } from '@elastic/mockotlpserver';

type Pairs = readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];

const KINDS: Readonly<Record<number, string>> = { 1: 'internal', 2: 'server', 3: 'client' };

type ReceivedSpan = {
  readonly name: string;
  readonly kind: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly status: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[];
  readonly resource: Readonly<Record<string, unknown>>;
};

export type Collector = { readonly url: string; readonly grpcUrl: string; readonly spans: readonly ReceivedSpan[] };

/** @param port any free one without it. */
export async function startCollector(test: TestContext, port = 0): Promise<Collector> {
  const spans: ReceivedSpan[] = [];
  const server = new MockOtlpServer({
    logLevel: 'warn',
    services: ['http', 'grpc'],
    httpHostname: '127.0.0.1',
    httpPort: port,
    grpcHostname: '127.0.0.1',
    grpcPort: 0,
    onTrace: ({ resourceSpans }: { resourceSpans: any[] }) => {
      for (const { resource, scopeSpans } of resourceSpans) {
        for (const scope of scopeSpans) {
          for (const span of scope.spans) spans.push(plain(span, resource.attributes));
        }
      }
    },
  });
  await server.start();
  test.after(() => server.close());
  return { url: String(server.httpUrl), grpcUrl: String(server.grpcUrl), spans };
}

function plain(span: any, resource: Pairs): ReceivedSpan {
  return {
    name: span.name,
    kind: KINDS[span.kind] ?? String(span.kind),
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId ?? ''),
    traceState: span.traceState ?? '',
    status: String(span.status?.code ?? 0),
    startMs: Number(BigInt(String(span.startTimeUnixNano)) / 1000n) / 1000,
    endMs: Number(BigInt(String(span.endTimeUnixNano)) / 1000n) / 1000,
    attributes: record(span.attributes),
    events: (span.events ?? []).map((event: any) => ({ name: event.name, attributes: record(event.attributes) })),
    resource: record(resource),
  };
}

const hex = (bytes: Uint8Array | string) => Buffer.from(bytes as Uint8Array).toString('hex');

/** The decoder gives every field of a value its default; the one that was sent is the object's own. */
function record(pairs: Pairs = []): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => {
      const [sent = ['', undefined]] = Object.entries(value);
      return [key, typeof sent[1] === 'object' ? Number(String(sent[1])) : sent[1]];
    }),
  );
}
