import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Setting } from '#foundation/setting.ts';
import { drainConflict } from '#lifecycle/drain.ts';
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

  it('either loads values that are in range or says what is wrong, whatever the environment holds', (test) => {
    const chosenSeed = seed();
    test.diagnostic(`seed ${chosenSeed}; FUZZ_SEED=${chosenSeed} repeats it`);
    const declared = Object.values(settings).flatMap((group) => Object.values(group));
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
        const wrong = declared.filter(({ variable, parse }) => {
          const given = environment[variable] ?? '';
          return given !== '' && !/_PORT$/.test(variable) && parse(given) === undefined;
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
        if (!loaded.ok) for (const error of loaded.refusal) assert.doesNotMatch(error, /\n/);
      }),
      { numRuns: 20_000, seed: chosenSeed },
    );
  });
});
