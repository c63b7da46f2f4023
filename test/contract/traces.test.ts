/** What a collector is told, decoded by a real OTLP receiver. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { startCollector } from '#test/support/collector.ts';
import { startInProcess } from '#test/support/in-process.ts';
import { until } from '#test/support/until.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

async function rig(test: TestContext, settings: Readonly<Record<string, string>> = {}) {
  const collector = await startCollector(test);
  const service = await startInProcess(test, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '20',
    ...settings,
  });
  const spansOf = (traceId: string, count = 1) =>
    until(`${count} spans of ${traceId} are there`, () => {
      const spans = collector.spans.filter((span) => span.traceId === traceId);
      return spans.length >= count && spans;
    });
  return { ...service, collector, spansOf };
}

describe('traces', () => {
  it('continue the caller’s, as a server span after the semantic conventions, without the query', async (test) => {
    const { ask, url, log, spansOf } = await rig(test, {
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test%20bench',
      SKYOPS_POD_NAME: 'skyops-1',
    });
    const beforeMs = Date.now();
    const answer = await ask('/status?token=canary', {
      headers: {
        traceparent: `00-${TRACE}-${PARENT}-01`,
        tracestate: 'vendor=opaque',
        'x-request-id': 'request-0001',
        'user-agent': 'a-browser',
      },
    });
    const [span] = await spansOf(TRACE);
    assert.ok(span);
    const { port } = new URL(url);
    const { startMs, endMs, spanId, resource, ...rest } = span;
    assert.deepEqual(rest, {
      name: 'GET /status',
      kind: 'server',
      traceId: TRACE,
      parentSpanId: PARENT,
      traceState: 'vendor=opaque',
      status: '0',
      events: [],
      attributes: {
        'http.request.method': 'GET',
        'http.route': '/status',
        'http.response.status_code': 200,
        'skyops.request.id': 'request-0001',
        'client.address': '127.0.0.1',
        'url.scheme': 'http',
        'url.path': '/status',
        'network.protocol.version': '1.1',
        'server.address': '127.0.0.1',
        'server.port': Number(port),
        'user_agent.original': 'a-browser',
      },
    });
    assert.ok(
      startMs >= beforeMs - 1 && endMs >= startMs && endMs <= Date.now() + 1,
      `${beforeMs} ${startMs} ${endMs}`,
    );
    assert.equal(resource['service.name'], 'skyops');
    assert.equal(resource['service.version'], '1.2.3');
    assert.equal(resource['service.instance.id'], 'skyops-1');
    assert.equal(resource['deployment.environment.name'], 'test bench');
    assert.equal(answer.headers.get('server-timing'), `traceparent;desc="00-${TRACE}-${spanId}-01"`);
    const line = log.find(({ msg }) => msg === 'request finished');
    assert.deepEqual([line?.['trace_id'], line?.['span_id']], [TRACE, spanId]);
  });

  it('continue what Zipkin’s headers say, where the propagators name them', async (test) => {
    const { ask, spansOf } = await rig(test, { OTEL_PROPAGATORS: 'tracecontext,baggage,b3' });
    const other = '80f198ee56343ba864fe8b2a57d3eff7';
    await ask('/health', { headers: { b3: `${other}-${PARENT}-1` } });
    assert.equal((await spansOf(other))[0]?.parentSpanId, PARENT);
    await ask('/health', {
      headers: { 'x-b3-traceid': '64fe8b2a57d3eff7', 'x-b3-spanid': PARENT, 'x-b3-sampled': '1' },
    });
    assert.equal((await spansOf(`${'0'.repeat(16)}64fe8b2a57d3eff7`))[0]?.parentSpanId, PARENT);
    // The last of the propagators holds where both are there, and the first where the last is not.
    const traceparent = `00-${TRACE}-${PARENT}-01`;
    await ask('/ready', { headers: { traceparent, b3: `${other}-${PARENT}-1` } });
    await spansOf(other, 2);
    await ask('/health', { headers: { traceparent } });
    await spansOf(TRACE);
  });

  it('do not hear of Zipkin’s headers where the propagators do not', async (test) => {
    const { ask, log } = await rig(test);
    await ask('/health', { headers: { b3: `${TRACE}-${PARENT}-1` } });
    assert.equal(log.filter(({ trace_id }) => trace_id === TRACE).length, 0);
  });

  it('go by gRPC where that is asked for, with the headers', async (test) => {
    const collector = await startCollector(test);
    const { ask, log } = await startInProcess(test, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcUrl,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20canary-1234',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_BSP_SCHEDULE_DELAY: '20',
    });
    await ask('/health', { headers: { traceparent: `00-${TRACE}-${PARENT}-01` } });
    const span = await until('it is there', () => collector.spans.find(({ traceId }) => traceId === TRACE));
    assert.deepEqual([span.name, span.parentSpanId, span.kind], ['GET /health', PARENT, 'server']);
    await until('it is counted', async () => /^skyops_spans_exported_total [1-9]/m.test((await ask('/metrics')).text));
    assert.equal(log.filter(({ level }) => level === 'warn').length, 0);
  });

  it('use the credentials of an endpoint', async (test) => {
    const authorizations: (string | undefined)[] = [];
    const receiver = createServer((request, response) => {
      authorizations.push(request.headers.authorization);
      response.end();
    }).listen(0, '127.0.0.1');
    await until('it listens', () => receiver.listening);
    test.after(() => {
      receiver.closeAllConnections();
      receiver.close();
    });
    const { port } = receiver.address() as { port: number };
    const { ask, log } = await startInProcess(test, {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://user:canary-1234@127.0.0.1:${port}`,
      OTEL_BSP_SCHEDULE_DELAY: '20',
    });
    const { text } = await ask('/status');
    const [authorization] = await until('it is there', () => authorizations.length > 0 && authorizations);
    assert.equal(authorization, `Basic ${Buffer.from('user:canary-1234').toString('base64')}`);
    assert.doesNotMatch(JSON.stringify([text, log]), /canary-1234/);
  });

  it('begin with the request’s own id where the caller brings none', async (test) => {
    const { ask, spansOf } = await rig(test);
    const { headers } = await ask('/health');
    const [span] = await spansOf(headers.get('x-request-id') ?? '');
    assert.deepEqual([span?.name, span?.parentSpanId], ['GET /health', '']);
  });

  it('are not forced, nor joined, by a request id that a caller chose', async (test) => {
    const { ask, log } = await rig(test, { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.000001' });
    // As a trace id it would be taken at every ratio.
    const requestId = 'f'.repeat(32);
    for (let index = 0; index < 5; index += 1) {
      const { headers } = await ask('/', { headers: { 'x-request-id': requestId } });
      assert.equal(headers.get('x-request-id'), requestId);
      assert.equal(headers.has('server-timing'), false);
    }
    const traces = log.filter(({ request_id }) => request_id === requestId).map(({ trace_id }) => trace_id);
    assert.equal(new Set([...traces, requestId]).size, 6);
  });

  it('hold no credentials of an absolute target, and no service name but the one that wins', async (test) => {
    const { url, collector } = await rig(test, {
      OTEL_SERVICE_NAME: 'wins',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=loses,service.namespace=shop',
    });
    const { hostname, port } = new URL(url);
    connect(Number(port), hostname).end('GET http://user:canary@a/x HTTP/1.1\r\nHost: a:99999999999999999999\r\n\r\n');
    const span = await until('it is there', () => collector.spans[0]);
    assert.doesNotMatch(JSON.stringify(span), /canary/);
    assert.equal(span.attributes['server.port'], undefined);
    assert.deepEqual([span.resource['service.name'], span.resource['service.namespace']], ['wins', 'shop']);
  });

  it('show what was refused, what was not HTTP, what failed to be found and who hung up', async (test) => {
    const { ask, url, collector } = await rig(test);
    const traceOf = async (path: string, method: string) =>
      (await ask(path, { method })).headers.get('x-request-id') ?? '';
    const notFound = await traceOf('/nope/canary-in-path', 'GET');
    const notAllowed = await traceOf('/status', 'PURGE');
    const { hostname, port } = new URL(url);
    connect(Number(port), hostname).end('GET / HTTP/9.9\r\n\r\n');
    const impatient = new AbortController();
    const left = ask('/simulate-cpu', { body: { seconds: 20, load: 0.01 }, signal: impatient.signal });
    await until('it runs', async () => (await ask('/simulations')).json.simulations.length === 1);
    impatient.abort();
    await assert.rejects(left);
    const named = (traceId: string) => collector.spans.find((span) => span.traceId === traceId);
    const aborted = await until(
      'all are there',
      () =>
        named(notFound) &&
        named(notAllowed) &&
        collector.spans.find(({ attributes }) => attributes['error.type'] === 'client_closed_request'),
    );
    assert.equal(named(notFound)?.name, 'GET');
    assert.equal(named(notFound)?.attributes['http.route'], undefined);
    assert.equal(named(notFound)?.attributes['http.response.status_code'], 404);
    assert.equal(named(notAllowed)?.attributes['http.request.method'], '_OTHER');
    assert.equal(named(notAllowed)?.attributes['http.request.method_original'], 'PURGE');
    assert.equal(aborted.name, 'POST /simulate-cpu');
    assert.equal(aborted.attributes['http.response.status_code'], undefined);
    await until('what is no HTTP is there', () =>
      collector.spans.some(
        ({ name, attributes }) => name === 'HTTP' && attributes['http.response.status_code'] === 400,
      ),
    );
  });

  it('have a span for each simulation, below the request that started it', async (test) => {
    const { ask, spansOf } = await rig(test);
    const { json, headers } = await ask('/simulations/cpu', {
      body: { seconds: 0.3, cpu: '100m' },
      headers: { traceparent: `00-${TRACE}-${PARENT}-01`, prefer: 'wait=5' },
    });
    const spans = await spansOf(TRACE, 2);
    const request = spans.find(({ kind }) => kind === 'server');
    const simulation = spans.find(({ kind }) => kind === 'internal');
    assert.ok(request && simulation);
    assert.equal(simulation.parentSpanId, request.spanId);
    assert.equal(simulation.name, 'simulation cpu');
    assert.equal(simulation.attributes['skyops.simulation.id'], json.id);
    assert.equal(simulation.attributes['skyops.request.id'], headers.get('x-request-id'));
    assert.equal(simulation.attributes['skyops.simulation.ended_because'], 'completed');
    assert.equal(simulation.attributes['skyops.simulation.delivered.core_seconds'], json.delivered.core_seconds);
    assert.deepEqual(
      simulation.events.map(({ name }) => name),
      ['simulation granted', 'simulation ended'],
    );
    assert.equal(simulation.events[0]?.attributes['skyops.simulation.granted.cores'], 0.1);
    assert.ok(
      Math.abs(simulation.endMs - simulation.startMs - 300) < 150,
      `${simulation.endMs - simulation.startMs} ms`,
    );
  });

  it('are not forced by a stranger’s sampled flag, but by one that is trusted; a flag that says no is followed', async (test) => {
    for (const [trust, flags, expected] of [
      ['false', '01', 0],
      ['true', '01', 5],
      ['true', '00', 0],
    ] as const) {
      const { ask, collector } = await rig(test, {
        OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '0',
        SKYOPS_TRUST_TRACEPARENT: trust,
      });
      // An id that every ratio but 0 would take.
      const traceparent = `00-${'f'.repeat(32)}-${PARENT}-${flags}`;
      for (let index = 0; index < 5; index += 1) {
        const { headers } = await ask('/health', { headers: { traceparent } });
        assert.equal(headers.has('server-timing'), expected > 0);
      }
      if (expected > 0) await until('all are there', () => collector.spans.length === expected);
    }
  });

  it('cost nothing and say nothing where no collector is configured, and the log has the ids all the same', async (test) => {
    const { ask, log } = await startInProcess(test);
    const { headers } = await ask('/', { headers: { traceparent: `00-${TRACE}-${PARENT}-01` } });
    assert.equal(headers.has('server-timing'), false);
    const line = log.find(({ msg }) => msg === 'request finished');
    assert.equal(line?.['trace_id'], TRACE);
    assert.match(String(line?.['span_id']), /^[0-9a-f]{16}$/);
    assert.doesNotMatch((await ask('/metrics')).text, /^skyops_spans_/m);
  });

  it('bounded: a collector that never answers costs no request anything, and what does not fit is counted', async (test) => {
    const hanging = createServer(() => {}).listen(0, '127.0.0.1');
    await until('it listens', () => hanging.listening);
    test.after(() => {
      hanging.closeAllConnections();
      hanging.close();
    });
    const { port } = hanging.address() as { port: number };
    const { ask, log } = await startInProcess(test, {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${port}/v1/traces`,
      OTEL_BSP_SCHEDULE_DELAY: '1',
      OTEL_BSP_MAX_QUEUE_SIZE: '20',
      OTEL_EXPORTER_OTLP_TIMEOUT: '200',
    });
    for (let index = 0; index < 50; index += 1) assert.equal((await ask('/health')).status, 200);
    const counted = await until('the first exports have failed', async () => {
      const { text } = await ask('/metrics');
      const count = (name: string) => Number(new RegExp(`^skyops_spans_${name}_total (\\d+)$`, 'm').exec(text)?.[1]);
      return count('failed') > 0 && { failed: count('failed'), dropped: count('dropped'), exported: count('exported') };
    });
    assert.ok(counted.dropped > 0, JSON.stringify(counted));
    assert.equal(counted.exported, 0);
    // One line for the change, not one for each batch.
    assert.equal(log.filter(({ msg }) => msg === 'traces cannot be exported, spans are dropped').length, 1);
  });

  it('hide the credentials of the collector wherever the configuration is shown', async (test) => {
    const { ask, log } = await rig(test, { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20canary-1234' });
    const shown = JSON.stringify([(await ask('/status')).text, (await ask('/metrics')).text, log]);
    assert.match(shown, /OTEL_EXPORTER_OTLP_HEADERS/);
    assert.doesNotMatch(shown, /canary-1234/);
  });
});
