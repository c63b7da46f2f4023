import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Setting } from '#foundation/setting.ts';
import { drainConflict } from '#lifecycle/drain.ts';
import { exportTarget } from '#observability/tracing/settings.ts';
import { seed } from '#test/support/schema-arbitrary.ts';
import { settings } from './catalog.ts';
import { type Environment, loadConfig } from './load.ts';

function errorsOf(environment: Environment): readonly string[] {
  const loaded = loadConfig(environment);
  return loaded.ok ? [] : loaded.refusal;
}

describe('the configuration', () => {
  it('has a default for everything', () => {
    const loaded = loadConfig({});
    assert.ok(loaded.ok);
    assert.equal(loaded.value.config.http.port, 8001);
    // nginx keeps a connection to a service for 60 s, most load balancers of clouds as long, none of them longer than this by default.
    assert.ok(loaded.value.config.http.keepAliveSeconds >= 75);
    assert.deepEqual(loaded.value.given, {});
    assert.deepEqual(loaded.value.warnings, []);
  });

  it('takes what is right and remembers what was given', () => {
    const loaded = loadConfig({ SKYOPS_PORT: '9000', SKYOPS_LOG_LEVEL: 'debug', SKYOPS_HOST: '', HOME: '/root' });
    assert.ok(loaded.ok);
    assert.equal(loaded.value.config.http.port, 9000);
    assert.deepEqual(loaded.value.given, { SKYOPS_PORT: '9000', SKYOPS_LOG_LEVEL: 'debug' });
  });

  it('names every error at once: the variable, what was given, what would be right', () => {
    assert.deepEqual(
      errorsOf({
        SKYOPS_PORT: '80a',
        SKYOPS_LOG_LEVEL: 'loud',
        SKYOPS_HOST: 'localhost',
        SKYOPS_MAX_CORES: 'Infinity',
      }),
      [
        'SKYOPS_HOST: got "localhost", expected an IP address such as 0.0.0.0, 127.0.0.1 or ::.',
        'SKYOPS_PORT: got "80a", expected a whole number from 0 to 65535.',
        'SKYOPS_LOG_LEVEL: got "loud", expected one of trace, debug, info, warn, error, fatal, silent.',
        'SKYOPS_MAX_CORES: got "Infinity", expected a number from 0.1 to 256.',
      ],
    );
  });

  it('refuses a SKYOPS_ variable that does not exist and names the one that was probably meant', () => {
    assert.deepEqual(errorsOf({ SKYOPS_LOGLEVEL: 'x', SKYOPS_MAXIMUM_SECONDS: '5', SKYOPS_XY: '' }), [
      'SKYOPS_LOGLEVEL: there is no such setting. Did you mean SKYOPS_LOG_LEVEL?',
      'SKYOPS_MAXIMUM_SECONDS: there is no such setting. Did you mean SKYOPS_MAX_SECONDS?',
      'SKYOPS_XY: there is no such setting. docs/reference/configuration.md lists all.',
    ]);
  });

  it('refuses a drain that does not fit into the grace period', () => {
    const errors = errorsOf({ SKYOPS_TERMINATION_GRACE_SECONDS: '10', SKYOPS_PORT: 'x' });
    assert.match(errors[0] ?? '', /^SKYOPS_PORT: /);
    assert.match(errors[1] ?? '', /more than SKYOPS_TERMINATION_GRACE/);
  });

  it('ignores, with a warning, what Kubernetes sets for a Service named skyops', () => {
    const loaded = loadConfig({
      SKYOPS_PORT: 'tcp://10.96.0.7:80',
      SKYOPS_SERVICE_HOST: '10.96.0.7',
      SKYOPS_SERVICE_PORT: '80',
      SKYOPS_SERVICE_PORT_HTTP: '80',
      SKYOPS_PORT_80_TCP: 'tcp://10.96.0.7:80',
      SKYOPS_PORT_80_TCP_PROTO: 'tcp',
      SKYOPS_PORT_80_TCP_PORT: '80',
      SKYOPS_PORT_80_TCP_ADDR: '10.96.0.7',
      SKYOPS_CANARY_SERVICE_HOST: '10.96.0.8',
      SKYOPS_CANARY_PORT: 'tcp://10.96.0.8:80',
    });
    assert.ok(loaded.ok);
    assert.equal(loaded.value.config.http.port, 8001);
    assert.match(loaded.value.warnings[0] ?? '', /^Ignored 10 /);
    assert.deepEqual(loaded.value.given, {});
  });

  it('takes numbers as Go, Helm and people write them', () => {
    for (const [given, seconds] of [
      ['90', 90],
      ['9e+01', 90],
      ['9.0e1', 90],
      ['90.0', 90],
      ['+90', 90],
      [' 90\n', 90],
      ['90s', 90],
      ['1m30s', 90],
      ['.5', 0.5],
      ['1_000', 1000],
    ] as const) {
      const loaded = loadConfig({ SKYOPS_MAX_SECONDS: given });
      assert.equal(loaded.ok && loaded.value.config.simulation.maxSeconds, seconds, given);
    }
    for (const [given, bytes] of [
      ['1.073741824e+09', 1024 ** 3],
      ['1Gi', 1024 ** 3],
      ['0.5Gi', 1024 ** 3 / 2],
      ['1e9', 1e9],
      ['1G', 1e9],
      ['1073741824', 1024 ** 3],
    ] as const) {
      const loaded = loadConfig({ SKYOPS_MAX_MEMORY: given });
      assert.equal(loaded.ok && loaded.value.config.simulation.maxMemoryBytes, bytes, given);
    }
    const loaded = loadConfig({ SKYOPS_MAX_CONNECTIONS: '1e+06', SKYOPS_LOG_LEVEL: 'warn\n' });
    assert.ok(loaded.ok && loaded.value.config.http.maxConnections === 1_000_000);
    for (const wrong of ['0x10', '1,000', '1e', 'e3', '.', '1_0', '١', 'NaN', '10 0', '1.5.0', '5m5'])
      assert.equal(errorsOf({ SKYOPS_MAX_CONNECTIONS: wrong }).length, 1, wrong);
    assert.equal(errorsOf({ SKYOPS_MAX_CONNECTIONS: '100.5' }).length, 1);
  });

  describe('of OpenTelemetry', () => {
    const COLLECTOR = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
    const read = (environment: Environment) => {
      const loaded = loadConfig({ ...COLLECTOR, ...environment });
      assert.ok(loaded.ok, JSON.stringify(loaded));
      const { config, warnings, given } = loaded.value;
      return { tracing: config.tracing, target: exportTarget(config.tracing), warnings, given };
    };

    // As its operator, charts and people set them; "right" as its specification says.
    for (const [variable, given, name, right, isWarned] of [
      ['OTEL_PROPAGATORS', 'tracecontext,baggage,b3', 'propagators', ['tracecontext', 'baggage', 'b3'], false],
      ['OTEL_PROPAGATORS', 'baggage,tracecontext', 'propagators', ['baggage', 'tracecontext'], false],
      ['OTEL_PROPAGATORS', ' TraceContext , B3Multi ', 'propagators', ['tracecontext', 'b3multi'], false],
      ['OTEL_PROPAGATORS', 'xray,tracecontext', 'propagators', ['tracecontext'], true],
      ['OTEL_PROPAGATORS', 'jaeger', 'propagators', ['tracecontext', 'baggage'], true],
      ['OTEL_PROPAGATORS', 'none', 'propagators', ['none'], false],
      ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'protocol', 'grpc', false],
      ['OTEL_EXPORTER_OTLP_PROTOCOL', 'GRPC', 'protocol', 'grpc', false],
      ['OTEL_EXPORTER_OTLP_PROTOCOL', 'http/json', 'protocol', 'http/protobuf', true],
      ['OTEL_EXPORTER_OTLP_PROTOCOL', 'http', 'protocol', 'http/protobuf', true],
      ['OTEL_TRACES_EXPORTER', 'console', 'exporters', ['otlp'], true],
      ['OTEL_TRACES_EXPORTER', 'otlp,console', 'exporters', ['otlp'], true],
      ['OTEL_TRACES_EXPORTER', 'OTLP', 'exporters', ['otlp'], false],
      ['OTEL_TRACES_EXPORTER', 'none', 'exporters', ['none'], false],
      ['OTEL_TRACES_EXPORTER', 'jaeger', 'exporters', ['otlp'], true],
      ['OTEL_SDK_DISABLED', 'True', 'isDisabled', true, false],
      ['OTEL_SDK_DISABLED', 'yes', 'isDisabled', false, true],
      ['OTEL_SDK_DISABLED', '1', 'isDisabled', false, true],
      ['OTEL_TRACES_SAMPLER', 'ALWAYS_ON', 'sampler', 'always_on', false],
      ['OTEL_TRACES_SAMPLER', 'xray', 'sampler', 'parentbased_always_on', true],
      ['OTEL_TRACES_SAMPLER', 'parentbased_jaeger_remote', 'sampler', 'parentbased_always_on', true],
      ['OTEL_TRACES_SAMPLER_ARG', '0.25', 'samplerRatio', 0.25, false],
      ['OTEL_TRACES_SAMPLER_ARG', 'endpoint=http://jaeger:14250', 'samplerRatio', 1, true],
      ['OTEL_TRACES_SAMPLER_ARG', '5', 'samplerRatio', 1, true],
      ['OTEL_BSP_SCHEDULE_DELAY', '5s', 'batchDelayMs', 5000, true],
      ['OTEL_BSP_SCHEDULE_DELAY', '0', 'batchDelayMs', 1, false],
      ['OTEL_BSP_SCHEDULE_DELAY', '-1', 'batchDelayMs', 5000, true],
      ['OTEL_BSP_MAX_QUEUE_SIZE', '100000', 'queueSize', 65_536, true],
      ['OTEL_BSP_MAX_QUEUE_SIZE', '2e3', 'queueSize', 2000, false],
      ['OTEL_EXPORTER_OTLP_TIMEOUT', '10s', 'exportTimeoutMs', 10_000, true],
      ['OTEL_EXPORTER_OTLP_TIMEOUT', '0', 'exportTimeoutMs', 3_600_000, false],
      ['OTEL_EXPORTER_OTLP_COMPRESSION', 'GZIP', 'compression', 'gzip', false],
      ['OTEL_EXPORTER_OTLP_COMPRESSION', 'zstd', 'compression', 'none', true],
      ['OTEL_RESOURCE_ATTRIBUTES', 'a=b,,c=d,', 'resourceAttributes', { a: 'b', c: 'd' }, false],
      ['OTEL_RESOURCE_ATTRIBUTES', 'a=%ZZ', 'resourceAttributes', {}, true],
      ['OTEL_RESOURCE_ATTRIBUTES', 'nonsense', 'resourceAttributes', {}, true],
      ['OTEL_EXPORTER_OTLP_HEADERS', 'authorization=Bearer%20x=', 'headers', { authorization: 'Bearer x=' }, false],
      ['OTEL_EXPORTER_OTLP_HEADERS', 'X-Api-Key=canary', 'headers', { 'x-api-key': 'canary' }, false],
      ['OTEL_EXPORTER_OTLP_HEADERS', 'Authorization: Bearer canary', 'headers', {}, true],
      ['OTEL_EXPORTER_OTLP_HEADERS', '{"authorization":"canary"}', 'headers', {}, true],
      ['OTEL_EXPORTER_OTLP_HEADERS', '{"a=b":"canary"}', 'headers', {}, true],
      ['OTEL_EXPORTER_OTLP_HEADERS', 'a=x%0d%0acanary', 'headers', {}, true],
      ['OTEL_EXPORTER_OTLP_HEADERS', 'authorization=canary\u00fc', 'headers', {}, true],
      ['OTEL_EXPORTER_OTLP_PROTOCOL', '"grpc"', 'protocol', 'grpc', false],
      ['OTEL_EXPORTER_OTLP_PROTOCOL', 'constructor', 'protocol', 'http/protobuf', true],
      ['OTEL_TRACES_SAMPLER', '__proto__', 'sampler', 'parentbased_always_on', true],
      ['OTEL_SDK_DISABLED', "'true'", 'isDisabled', true, false],
      ['OTEL_TRACES_SAMPLER_ARG', '"0.25"', 'samplerRatio', 0.25, false],
      ['OTEL_SERVICE_NAME', 'x'.repeat(256), 'serviceName', null, true],
    ] as const) {
      it(`takes ${variable}=${given.slice(0, 40)} for ${JSON.stringify(right)}${isWarned ? ', and warns' : ''}`, () => {
        const { tracing, warnings } = read({ [variable]: given });
        assert.deepEqual(tracing[name], right);
        const isOff = name === 'isDisabled' && tracing.isDisabled;
        assert.equal(warnings.length, isWarned && !isOff ? 1 : 0, warnings.join());
        assert.ok(warnings.every((warning) => warning.startsWith(`${variable} `)));
        assert.doesNotMatch(warnings.join(), /canary/);
      });
    }

    it('warns of nothing where nothing is exported', () => {
      const wrong = { OTEL_PROPAGATORS: 'xray', OTEL_BSP_SCHEDULE_DELAY: '5s', OTEL_TRACES_SAMPLER: 'xray' };
      for (const off of [
        { OTEL_SDK_DISABLED: 'true' },
        { OTEL_TRACES_EXPORTER: 'none' },
        { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
      ]) {
        const { warnings, target } = read({ ...wrong, ...off });
        assert.deepEqual([warnings, target], [[], undefined]);
      }
      assert.equal(read(wrong).warnings.length, 3);
    });

    for (const wrong of [
      'http://',
      'http:///v1/traces',
      'http://:4318',
      'http:collector:4318',
      'http:/collector:4318',
      'https//collector:4318',
      '4318',
      ':4318',
      'true',
      'null',
      'http://collector:port',
      'http://collector:99999',
      'http://$(HOST_IP):4318',
      'http://$HOST_IP:4318',
      'http://::1:4318',
      'ftp://collector:21',
      'collector 4318',
    ])
      it(`does not take ${wrong} for the address of a collector, and says so once`, () => {
        const { target, warnings } = read({ OTEL_EXPORTER_OTLP_ENDPOINT: wrong });
        assert.equal(target, undefined);
        assert.match(warnings.join('|'), /^OTEL_EXPORTER_OTLP_ENDPOINT is not [^|]*\|No traces are exported: [^|]*$/);
      });

    it('says what is missing where traces are asked for without an endpoint', () => {
      const { target, warnings } = read({ OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_TRACES_EXPORTER: 'otlp' });
      assert.equal(target, undefined);
      assert.deepEqual(warnings, ['No traces are exported: set OTEL_EXPORTER_OTLP_ENDPOINT.']);
    });

    it('uses credentials in an endpoint, and shows them nowhere', () => {
      const endpoint = 'https://user:canary%201@collector:4318/otlp/?token=canary';
      const { target, given, warnings } = read({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
      assert.equal(target?.url, 'https://collector:4318/otlp/v1/traces?token=canary');
      assert.equal(target.headers['authorization'], `Basic ${Buffer.from('user:canary 1').toString('base64')}`);
      assert.deepEqual(given, { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://(hidden)@collector:4318/otlp/?(hidden)' });
      for (const wrong of ['htp://user:canary@collector', 'http://user:canary@', '//user:canary@x:y', 'unix:///canary'])
        assert.doesNotMatch(JSON.stringify([read({ OTEL_EXPORTER_OTLP_ENDPOINT: wrong }), warnings]), /canary/, wrong);
    });

    it('sends where the protocol says, with what holds for traces alone first', () => {
      const target = (environment: Environment) => read(environment).target;
      assert.equal(target({})?.url, 'http://collector:4318/v1/traces');
      assert.equal(target({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' })?.url, 'http://collector:4318/v1/traces');
      const grpc = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
      assert.equal(target({ ...grpc, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4317' })?.url, 'http://c:4317/');
      assert.equal(target({ ...grpc, OTEL_EXPORTER_OTLP_ENDPOINT: 'c:4317' })?.url, 'https://c:4317/');
      const plain = { ...grpc, OTEL_EXPORTER_OTLP_ENDPOINT: 'c:4317', OTEL_EXPORTER_OTLP_INSECURE: 'TRUE' };
      assert.equal(target(plain)?.url, 'http://c:4317/');
      const special = target({
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://traces:1/own',
        OTEL_EXPORTER_OTLP_TIMEOUT: '1',
        OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '2',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
        OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'gzip',
        OTEL_EXPORTER_OTLP_HEADERS: 'a=1,b=1',
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'b=2',
      });
      assert.deepEqual(special, {
        url: 'http://traces:1/own',
        protocol: 'http/protobuf',
        headers: { a: '1', b: '2' },
        timeoutMs: 2,
        compression: 'gzip',
      });
    });
  });

  it('either loads values that are in range or says what is wrong, whatever the environment holds', (test) => {
    const chosenSeed = seed();
    test.diagnostic(`seed ${chosenSeed}; FUZZ_SEED=${chosenSeed} repeats it`);
    const declared: readonly Setting<unknown>[] = Object.values(settings).flatMap((group) => Object.values(group));
    const variables = declared.map(({ variable }) => variable);
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.integer().map(String),
      fc.double().map(String),
      fc.constantFrom('0', '1', 'debug', '::1', 'true', 'null', '1e999', '\n', '\u0000'),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...variables, 'SKYOPS_X', 'PATH'), text), (environment) => {
        const loaded = loadConfig(environment);
        const wrong = declared.filter(({ variable, parse, isForeign }) => {
          const given = environment[variable] ?? '';
          return !isForeign && given !== '' && !/_PORT$/.test(variable) && parse(given) === undefined;
        });
        if (wrong.length > 0) {
          assert.ok(!loaded.ok);
          for (const { variable } of wrong) {
            assert.ok(loaded.refusal.some((error) => error.startsWith(`${variable}: got `)));
          }
        }
        // Not by the parsers, which have just said so themselves.
        if (loaded.ok) {
          for (const [group, declared] of Object.entries(settings)) {
            for (const [name, { schema, fallback }] of Object.entries(declared) as [string, Setting<unknown>][]) {
              const value: unknown = (loaded.value.config as Record<string, Record<string, unknown>>)[group]?.[name];
              if (value === fallback || schema === undefined) continue;
              if ('minimum' in schema) {
                assert.ok(typeof value === 'number' && value >= schema.minimum && value <= schema.maximum, name);
                assert.ok(schema.type === 'number' || Number.isInteger(value), name);
              }
              if ('enum' in schema) assert.ok(schema.enum.includes(String(value)), name);
            }
          }
          assert.equal(drainConflict(loaded.value.config.drain), undefined);
        }
        const lines = loaded.ok ? loaded.value.warnings : loaded.refusal;
        for (const line of lines) assert.doesNotMatch(line, /\n/);
        // What belongs to others is never a reason not to start.
        if (!loaded.ok) for (const error of loaded.refusal) assert.doesNotMatch(error, /^OTEL_/);
      }),
      { numRuns: 20_000, seed: chosenSeed },
    );
  });
});
