/** Every operation of the OpenAPI document, asked at random: what is allowed and what is not, one by one and in sequences. */
import assert from 'node:assert/strict';
import { Agent, request as send } from 'node:http';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { startInProcess } from '#test/support/in-process.ts';
import { type Document, type Operation, validatorsOf } from '#test/support/openapi.ts';
import { anythingFor, seed, valuesOf } from '#test/support/schema-arbitrary.ts';

const CASES = Number(process.env['FUZZ_CASES'] ?? 20_000);
/** Asked at the same time, so that simulations that wait do not hold the others up. */
const AT_ONCE = 16;

/** Small, so that what is allowed is over soon. */
const LIMITS = {
  SKYOPS_LOG_LEVEL: 'silent',
  SKYOPS_MAX_SECONDS: '0.2',
  SKYOPS_MAX_CORES: '0.5',
  SKYOPS_MAX_MEMORY: '4Mi',
};

/** The rules between fields, and of amounts within their spelling, which no JSON Schema says. */
const BEYOND_A_SCHEMA =
  /^(cannot stand beside cpu|needs an amount to follow|must be at least 1m and|is not an amount|must be an amount|must be at least .* and, as a percentage|must be at least .*: memory grows|mean − amplitude|at_seconds \+ for_seconds)/;

type Asked = {
  readonly template: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
};

type Answered = { readonly status: number; readonly type: string; readonly text: string };

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

/** A stream is read as far as its first bytes. */
function ask(url: string, { method, path, headers, body }: Asked): Promise<Answered> {
  return new Promise((resolve, reject) => {
    // The path as it is: a URL would take `..` in it for the way up, and ask another operation.
    const asked = send(url, { path, method, headers, agent }, (response) => {
      const { statusCode: status = 0, headers: answered } = response;
      const [type = ''] = (answered['content-type'] ?? '').split(';');
      let text = '';
      response.setEncoding('utf8').on('data', (data) => {
        text += data;
        if (type === 'text/event-stream') response.destroy();
      });
      response.on('close', () => resolve({ status, type, text }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** A request for the operation, and whether the document allows it. */
function requestsFor(document: Document, template: string, method: string, operation: Operation) {
  const { parameters = [], requestBody } = operation;
  const validators = validatorsOf(document);
  const place = ['paths', template, method];
  const parts = parameters.map(({ name, in: where, schema, required = false }, index) =>
    fc
      .tuple(
        fc.boolean(),
        fc.oneof(
          { weight: 3, arbitrary: valuesOf(document, schema) },
          { weight: 1, arbitrary: fc.string({ maxLength: 20, unit: 'grapheme-ascii' }) },
        ),
      )
      .map(([isThere, value]) => {
        // A header is what a client library lets through: printable ASCII, without the white space around it.
        const text =
          where === 'header'
            ? String(value)
                .replaceAll(/[^\x20-\x7e]/g, '')
                .trim()
            : String(value);
        const isUsed = isThere || required || where === 'path';
        return {
          name,
          where,
          text: isUsed ? text : undefined,
          isValid: !isUsed || validators.at(...place, 'parameters', String(index), 'schema')(text) === true,
        };
      }),
  );
  const [bodyType, media] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  const body =
    media === undefined || bodyType === undefined
      ? fc.constant(undefined)
      : anythingFor(document, media.schema).map((value) => ({
          text: JSON.stringify(value),
          isValid: validators.at(...place, 'requestBody', 'content', bodyType, 'schema')(value) === true,
        }));
  return fc.record({ parts: fc.tuple(...parts), body }).map(({ parts: chosen, body: sent }) => {
    let path = template;
    const query = new URLSearchParams();
    const headers: Record<string, string> = sent === undefined ? {} : { 'content-type': 'application/json' };
    for (const { name, where, text } of chosen) {
      if (text === undefined) continue;
      if (where === 'path') path = path.replace(`{${name}}`, encodeURIComponent(text) || '%20');
      if (where === 'query') query.set(name, text);
      if (where === 'header') headers[name] = text;
    }
    return {
      asked: {
        template,
        method: method.toUpperCase(),
        path: query.size > 0 ? `${path}?${query}` : path,
        headers,
        body: sent?.text,
      },
      isAllowed: (sent?.isValid ?? true) && chosen.every(({ isValid }) => isValid),
    };
  });
}

describe('any request', () => {
  it(`of ${CASES} gets an answer that is documented, never a 5xx of ours, and nothing invalid is accepted`, {
    timeout: 300_000,
  }, async (test) => {
    const { url, ask: get } = await startInProcess(test, LIMITS);
    test.after(() => agent.destroy());
    const document: Document = (await get('/openapi.json')).json;
    const { check } = validatorsOf(document);
    const operations = Object.entries(document.paths).flatMap(([template, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ template, method, operation })),
    );
    // Those that take something are asked more often: the others have only one form.
    const arbitrary = fc.oneof(
      ...operations.map(({ template, method, operation }) => ({
        weight: operation.requestBody === undefined ? ((operation.parameters?.length ?? 0) > 0 ? 3 : 1) : 12,
        arbitrary: requestsFor(document, template, method, operation),
      })),
    );
    const chosenSeed = seed();
    test.diagnostic(`seed ${chosenSeed}; FUZZ_SEED=${chosenSeed} repeats it`);
    const cases = fc.sample(arbitrary, { numRuns: CASES, seed: chosenSeed });
    const counts = { allowed: 0, accepted: 0, refused: 0 };
    const statuses = new Map<number, number>();
    const hands = Array.from({ length: AT_ONCE }, async () => {
      for (let next = cases.pop(); next !== undefined; next = cases.pop()) {
        const { asked, isAllowed } = next;
        const what = JSON.stringify(asked);
        const { status, type, text } = await ask(url, asked);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        counts.allowed += isAllowed ? 1 : 0;
        counts[status < 400 ? 'accepted' : 'refused'] += 1;
        assert.ok(status < 500, `${what}: ${status} ${text}`);
        assert.ok(isAllowed || status >= 400, `accepted although it is not allowed: ${what}: ${status} ${text}`);
        if (isAllowed) {
          assert.notEqual(status, 400, `refused although it is allowed: ${what}: ${text}`);
          const { code, errors } = status === 422 ? JSON.parse(text) : {};
          for (const { message } of code === 'invalid-body' ? errors : [])
            assert.match(message, BEYOND_A_SCHEMA, `refused although it is allowed: ${what}: ${text}`);
        }
        const responses = document.paths[asked.template]?.[asked.method.toLowerCase()]?.responses ?? {};
        assert.ok(responses[status] !== undefined, `${what}: ${status} is not documented: ${text}`);
        assert.ok(Object.keys(responses[status].content ?? {}).includes(type), `${what}: ${status} as ${type}`);
        const value = type.endsWith('json') ? JSON.parse(text) : text;
        check(
          ['paths', asked.template, asked.method.toLowerCase(), 'responses', String(status), 'content', type, 'schema'],
          value,
          what,
        );
      }
    });
    await Promise.all(hands);
    test.diagnostic(
      `${counts.allowed} allowed by the document, ${counts.accepted} accepted, ${counts.refused} refused; by status: ${JSON.stringify(Object.fromEntries([...statuses].toSorted()))}`,
    );
    assert.ok(
      counts.allowed > CASES / 10 && counts.accepted > CASES / 20 && counts.refused > CASES / 5,
      'the mix is one-sided',
    );
  });
});

/** What a client may know: the simulations that it has started, and those of them that it has cancelled. */
type Known = { readonly started: string[]; readonly cancelled: Set<string> };

describe('any sequence of start, read, list and cancel', () => {
  it('keeps its promises: what was started is found, what was cancelled stays so, and nothing runs twice', {
    timeout: 120_000,
  }, async (test) => {
    const { ask: send } = await startInProcess(test, {
      ...LIMITS,
      SKYOPS_MAX_SECONDS: '60',
      SKYOPS_MAX_SIMULATIONS: '8',
    });
    const chosenSeed = seed();
    test.diagnostic(`seed ${chosenSeed}; FUZZ_SEED=${chosenSeed} repeats it`);
    const steps = {
      start: async (known: Known, choice: number) => {
        const headers = { 'idempotency-key': `"${chosenSeed}-${known.started.length}-${choice}"` };
        const body = { cpu: '1m', seconds: choice % 2 === 0 ? 30 : 0.1 };
        const [first, second] = [
          await send('/simulations/cpu', { body, headers }),
          await send('/simulations/cpu', { body, headers }),
        ];
        assert.ok([202, 429].includes(first.status), first.text);
        // What was refused may be granted a moment later; what was granted is granted again, as the same.
        assert.ok([202, first.status].includes(second.status), second.text);
        if (second.status !== 202) return;
        if (first.status === 202) assert.equal(second.json.id, first.json.id, 'the same key started another one');
        known.started.push(second.json.id);
      },
      read: async (known: Known, choice: number) => {
        const id = known.started[choice % known.started.length];
        if (id === undefined) return;
        const { status, json } = await send(`/simulations/${id}`);
        assert.equal(status, 200);
        assert.equal(json.id, id);
        if (known.cancelled.has(id)) assert.notEqual(json.state, 'running');
      },
      cancel: async (known: Known, choice: number) => {
        const id = known.started[choice % known.started.length];
        if (id === undefined) return;
        const { status, json } = await send(`/simulations/${id}`, { method: 'DELETE' });
        assert.equal(status, 200);
        assert.notEqual(json.state, 'running');
        known.cancelled.add(id);
      },
      list: async (known: Known) => {
        const { simulations } = (await send('/simulations')).json as { simulations: { id: string; state: string }[] };
        const ids = simulations.map(({ id }) => id);
        assert.equal(new Set(ids).size, ids.length);
        for (const id of known.started.slice(-50)) assert.ok(ids.includes(id), `${id} is forgotten`);
        for (const { id, state } of simulations) if (known.cancelled.has(id)) assert.notEqual(state, 'running');
      },
      cancelAll: async (known: Known) => {
        assert.equal((await send('/simulations', { method: 'DELETE' })).status, 200);
        for (const id of known.started) known.cancelled.add(id);
      },
    };
    const step = fc.tuple(fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])), fc.nat({ max: 1000 }));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (sequence) => {
        const known: Known = { started: [], cancelled: new Set() };
        for (const [name, choice] of sequence) await steps[name](known, choice);
        await steps.cancelAll(known);
      }),
      { numRuns: 100, seed: chosenSeed },
    );
  });
});
