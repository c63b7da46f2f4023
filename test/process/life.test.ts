/** How the process starts and how it ends: exit codes, signals, and what the log tells. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect, createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startCollector } from '#test/support/collector.ts';
import { environmentOf, MAIN, type OwnProcess, startOwnProcess } from '#test/support/own-process.ts';
import { until } from '#test/support/until.ts';

const DRAINING = { SKYOPS_DRAIN_DELAY_SECONDS: '1.5', SKYOPS_DRAIN_TIMEOUT_SECONDS: '5' };

/** GET on a connection that is kept; resolves with the status, the body and the Connection header. */
function get(url: string, agent?: Agent): Promise<{ status: number; body: string; connection: string }> {
  return new Promise((resolve, reject) => {
    request(url, { agent: agent ?? false }, (response) => {
      let body = '';
      response.on('data', (data) => {
        body += data;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, connection: response.headers.connection ?? '' }),
      );
    })
      .on('error', reject)
      .end();
  });
}

const threadNames = (pid: number) =>
  readdirSync(`/proc/${pid}/task`).map((tid) => readFileSync(`/proc/${pid}/task/${tid}/comm`, 'utf8').trim());

function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

/** A client that sends the head of a request and half of its body, and then nothing. */
async function stall(test: TestContext, url: string): Promise<void> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  test.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(
    'POST /simulate-cpu HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
  );
}

describe('the life of the process', () => {
  it('a wrong configuration ends the start with exit code 2 and names every error', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN], {
      env: environmentOf({ SKYOPS_PORT: 'http', SKYOPS_LOG_LEVEL: 'loud', SKYOPS_MAX_SECOND: '5' }),
      encoding: 'utf8',
    });
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.equal(
      stderr,
      [
        'skyops: the configuration is wrong, nothing was started.',
        '  SKYOPS_PORT: got "http", expected a whole number from 0 to 65535.',
        '  SKYOPS_LOG_LEVEL: got "loud", expected one of trace, debug, info, warn, error, fatal, silent.',
        '  SKYOPS_MAX_SECOND: there is no such setting. Did you mean SKYOPS_MAX_SECONDS?',
        'Every setting: docs/reference/configuration.md',
        '',
      ].join('\n'),
    );
  });

  it('a port that is taken ends the start with exit code 1 and a hint', async (test) => {
    const holder = createServer().listen(0, '127.0.0.1');
    test.after(() => holder.close());
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    const { status, stdout } = spawnSync(process.execPath, [MAIN], {
      env: environmentOf({ SKYOPS_PORT: String(port) }),
      encoding: 'utf8',
    });
    assert.equal(status, 1);
    const line = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    assert.equal(line.level, 'fatal');
    assert.equal(line.hint, 'Another process listens there already. Stop it, or set SKYOPS_PORT.');
  });

  it('SIGTERM in the middle of a simulation and of a request: both are answered, exit code 0, the log tells the story', async (test) => {
    const { url, child, log, exited } = await startOwnProcess(test, DRAINING);
    const waiting = post(`${url}/simulate-cpu`, { seconds: 60, parallelism: 2 });
    await until('the simulation runs', async () => (await get(`${url}/status`)).body.includes('"running_count":1'));
    // A request whose body is still on its way when the signal comes.
    const slow = connect(Number(new URL(url).port), '127.0.0.1');
    test.after(() => slow.destroy());
    let slowAnswer = '';
    slow.on('data', (data) => {
      slowAnswer += data;
    });
    slow.write(
      'POST /simulations/cpu HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{',
    );

    child.kill('SIGTERM');
    await until('it drains', () => log.some(({ to }) => to === 'draining'));
    const ready = await get(`${url}/ready`);
    assert.deepEqual([ready.status, ready.body], [503, '{"ready":false,"reason":"draining"}']);
    const health = await get(`${url}/health`);
    assert.deepEqual([health.status, health.body], [200, '{"status":"ok"}']);

    const report = await waiting;
    assert.equal(report.status, 200);
    assert.equal(((await report.json()) as { ended_because: string }).ended_because, 'draining');
    const refused = await post(`${url}/simulate-cpu`, {});
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '1']);
    slow.write('}');
    await until('the slow request is answered', () => slowAnswer.includes('"code":"draining"'));
    assert.match(slowAnswer, /^HTTP\/1.1 503 .*\r\n(.*\r\n)*connection: close/i);

    assert.deepEqual(await exited, { code: 0, signal: null });
    const story = log.map(({ msg, to, meaning }) => [msg, to ?? meaning].filter(Boolean).join(' '));
    const told = [
      'signal received drain',
      'phase changed draining',
      'simulation ended',
      'phase changed stopped',
      'service stopped, nothing was cut',
    ];
    assert.deepEqual(
      story.filter((line) => told.includes(line)),
      told,
    );
  });

  it('from SIGTERM to the exit /ready is 503 and /health 200, asked all the time, and ?verbose says which check failed', async (test) => {
    const { url, child, exited } = await startOwnProcess(test, { SKYOPS_DRAIN_DELAY_SECONDS: '4' });
    const seen = { ready: new Set<number>(), health: new Set<number>() };
    let verbose = '';
    let [isOver, isLate] = [false, false];
    let refused = 0;
    void exited.then(() => {
      isOver = true;
    });
    child.kill('SIGTERM');
    const signalled = performance.now();
    while (!isOver && performance.now() - signalled < 30_000) {
      const asked = performance.now();
      const [ready, health] = await Promise.all(
        ['/ready', '/health'].map((path) => get(url + path).catch(() => undefined)),
      );
      // A signal takes a moment to be delivered; after that there is no way back.
      if (ready?.status === 200 && asked - signalled > 50) isLate = true;
      // Up to the end of the delay, less what a busy machine may be late by, everybody is served.
      if (health === undefined && asked - signalled < 1500) refused += 1;
      if (ready !== undefined && (ready.status !== 200 || seen.ready.size > 0)) seen.ready.add(ready.status);
      if (health !== undefined) seen.health.add(health.status);
      if (verbose === '' && ready?.status === 503)
        verbose = await fetch(`${url}/ready?verbose`, { headers: { accept: 'text/plain' } }).then((it) => it.text());
    }
    assert.deepEqual([[...seen.ready], [...seen.health], isLate, refused], [[503], [200], false, 0]);
    assert.match(verbose, /^\[-\]phase failed: draining\n\[\+\]worker-pool ok\n/);
    assert.match(verbose, /ready check failed\n$/);
  });

  it('is alive, and not ready, before everything is there', async (test) => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    holder.close();
    await once(holder, 'close');
    const starting = startOwnProcess(test, { SKYOPS_PORT: String(port) });
    const statuses: string[] = [];
    await until('it is ready', async () => {
      const ready = await get(`http://127.0.0.1:${port}/ready`).catch(() => undefined);
      const health = await get(`http://127.0.0.1:${port}/health`).catch(() => undefined);
      const now = `health ${health?.status ?? 'nobody'}, ready ${ready?.status ?? 'nobody'}`;
      if (statuses.at(-1) !== now && ready !== undefined && health !== undefined) statuses.push(now);
      return ready?.status === 200;
    });
    await starting;
    assert.deepEqual(statuses, ['health 200, ready 503', 'health 200, ready 200']);
  });

  it('while draining every answer says Connection: close, and requests are served', async (test) => {
    const { url, child, log, exited } = await startOwnProcess(test, DRAINING);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    test.after(() => agent.destroy());
    assert.equal((await get(`${url}/`, agent)).connection, 'keep-alive');
    child.kill('SIGTERM');
    await until('it drains', () => log.some(({ to }) => to === 'draining'));
    for (const [path, status] of [
      ['/', 200],
      ['/health', 200],
      ['/ready', 503],
      ['/metrics', 200],
      ['/nope', 404],
      ['/%zz', 400],
      ['/docs/swagger-ui.css', 200],
    ] as const) {
      const answer = await get(url + path, agent);
      assert.deepEqual([path, answer.status, answer.connection], [path, status, 'close']);
    }
    // What is refused behind its body goes another way than what is refused by its head.
    for (const [body, status] of [
      ['{"seconds":-1}', 422],
      ['{', 400],
      [' '.repeat(20_000), 413],
      ['{}', 503],
    ] as const) {
      const answer = await new Promise<IncomingMessage>((resolve) =>
        request(
          `${url}/simulate-cpu`,
          { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
          resolve,
        ).end(body),
      );
      answer.resume();
      assert.deepEqual(
        [body.slice(0, 20), answer.statusCode, answer.headers.connection],
        [body.slice(0, 20), status, 'close'],
      );
    }
    assert.equal((await exited).code, 0);
  });

  it('an idle kept connection does not hold the end back', async (test) => {
    const { url, child, exited } = await startOwnProcess(test);
    const agent = new Agent({ keepAlive: true });
    test.after(() => agent.destroy());
    await get(`${url}/health`, agent);
    const before = performance.now();
    child.kill('SIGTERM');
    assert.equal((await exited).code, 0);
    assert.ok(performance.now() - before < 5000, 'far below the keep-alive time of 75 s');
  });

  it('a client that stalls is cut at the deadline: exit code 1, and the log says what was cut', async (test) => {
    const { url, child, log, exited } = await startOwnProcess(test, { SKYOPS_DRAIN_TIMEOUT_SECONDS: '1' });
    await stall(test, url);
    await until('the request has started', async () => /in_flight 2/.test((await get(`${url}/metrics`)).body));
    child.kill('SIGTERM');
    assert.deepEqual(await exited, { code: 1, signal: null });
    const last = log.at(-1);
    assert.equal(last?.msg, 'service stopped, open requests were cut');
    assert.match(String(last?.['cut']), /^POST \/simulate-cpu \(/);
  });

  it('a second signal cuts the drain short, an echo within a second does not', async (test) => {
    const { child, log, exited } = await startOwnProcess(test, { SKYOPS_DRAIN_DELAY_SECONDS: '300' });
    child.kill('SIGINT');
    child.kill('SIGINT');
    await until('it drains', () => log.some(({ to }) => to === 'draining'));
    const before = performance.now();
    await until('a later signal is heard', () => {
      if (performance.now() - before > 1000) child.kill('SIGINT');
      return log.some(({ meaning }) => meaning === 'hurry');
    });
    assert.deepEqual(await exited, { code: 0, signal: null });
  });

  it('an uncaught error ends the process, loudly, with exit code 1', async (test) => {
    const plant = new URL('../support/throw-on-sigusr2.ts', import.meta.url).href;
    const { child, log, exited } = await startOwnProcess(test, {}, [`--import=${plant}`]);
    child.kill('SIGUSR2');
    assert.deepEqual(await exited, { code: 1, signal: null });
    const last = log.at(-1);
    assert.equal(last?.level, 'fatal');
    assert.equal(last?.msg, 'uncaught error, exiting');
    assert.match(JSON.stringify(last?.['err']), /planted by a test/);
  });

  it('signals that mean nothing here leave it alone, and open no debugger', async (test) => {
    const { url, child, pid } = await startOwnProcess(test);
    const before = threadNames(pid);
    for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGPIPE', 'SIGHUP'] as const) {
      child.kill(signal);
      assert.equal((await get(`${url}/health`)).status, 200, signal);
    }
    // Node's debugger listens on a thread of its own.
    assert.deepEqual(threadNames(pid), before);
  });

  for (const [how, end, lastWords, code] of [
    ['SIGTERM', async ({ child }) => child.kill('SIGTERM'), 'service stopped, nothing was cut', 0],
    ['an uncaught error', async ({ child }) => child.kill('SIGUSR2'), 'uncaught error, exiting', 1],
    [
      'the deadline',
      async ({ child, url }, test) => {
        await stall(test, url);
        await until('the request has started', async () => /in_flight 2/.test((await get(`${url}/metrics`)).body));
        child.kill('SIGTERM');
      },
      'service stopped, open requests were cut',
      1,
    ],
    [
      'a third signal',
      async ({ child, log, url }, test) => {
        await stall(test, url);
        await until('the request has started', async () => /in_flight 2/.test((await get(`${url}/metrics`)).body));
        // Again and again, as somebody does who has had enough: those that come too soon are echoes.
        const timer = setInterval(() => child.kill('SIGTERM'), 50);
        await once(child, 'exit');
        clearInterval(timer);
        assert.ok(log.some(({ meaning }) => meaning === 'hurry'));
      },
      'signal received',
      130,
    ],
  ] as const satisfies readonly [string, (own: OwnProcess, test: TestContext) => Promise<unknown>, string, number][]) {
    it(`the log is whole to the last line, whose end is told: ${how}`, { timeout: 60_000 }, async (test) => {
      const plant = new URL('../support/throw-on-sigusr2.ts', import.meta.url).href;
      const own = await startOwnProcess(test, { SKYOPS_DRAIN_TIMEOUT_SECONDS: '3' }, [`--import=${plant}`]);
      const agent = new Agent({ keepAlive: true, maxSockets: 8 });
      test.after(() => agent.destroy());
      await Promise.all(Array.from({ length: 100 }, () => get(`${own.url}/nope`, agent)));
      agent.destroy();
      await end(own, test);
      assert.deepEqual(await own.exited, { code, signal: null });
      await until('its last words are read', () => own.child.stdout?.closed);
      assert.equal(own.log.filter(({ status }) => status === 404).length, 100);
      assert.ok(
        own.log.slice(-2).some(({ msg }) => msg === lastWords),
        JSON.stringify(own.log.slice(-2)),
      );
    });
  }

  it('nothing would keep the process alive once it has stopped', async (test) => {
    const plant = new URL('../support/tell-what-is-left.ts', import.meta.url).href;
    const collector = await startCollector(test);
    // Without the watchdog, which watches to the very end.
    const settings = { SKYOPS_STALL_TIMEOUT_SECONDS: '0', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    const { url, child, exited, log } = await startOwnProcess(test, settings, [`--import=${plant}`]);
    assert.equal((await post(`${url}/simulate-cpu`, { seconds: 0.2, parallelism: 2 })).status, 200);
    const before = performance.now();
    child.kill('SIGTERM');
    assert.deepEqual(await exited, { code: 0, signal: null });
    await until('it has told', () => log.at(-1)?.msg === 'left');
    // The pipe that the log goes through.
    assert.deepEqual(new Set(log.at(-1)?.['resources'] as string[]), new Set(['PipeWrap']));
    assert.ok(performance.now() - before < 5000, 'far below every time that something is waited for');
  });

  it('a log that nobody reads stops neither the service nor its end, and the lost lines are counted', async (test) => {
    const { url, child, exited, log } = await startOwnProcess(test, { SKYOPS_LOG_BUFFER_BYTES: '65536' });
    child.stdout?.pause();
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    test.after(() => agent.destroy());
    // About 300 bytes a line: the pipe, this process and the buffer take some 64 KiB each, the rest cannot be kept.
    for (let round = 0; round < 150; round += 1) {
      await Promise.all(Array.from({ length: 10 }, () => get(`${url}/nope`, agent)));
    }
    const counted = async () => {
      const { body } = await get(`${url}/metrics`, agent);
      return Number(/^skyops_log_lines_dropped_total (\d+)$/m.exec(body)?.[1]);
    };
    // The last lines wait for a moment before they are handed over, or dropped.
    const dropped = await until('the lines are counted', async () => {
      const before = await counted();
      await pause(200);
      return before > 100 && before === (await counted()) && before;
    });
    assert.equal((await get(`${url}/health`, agent)).status, 200);
    // Whoever reads on finds every line that was not counted as lost.
    child.stdout?.resume();
    await until('all that was kept is read', () => log.filter(({ status }) => status === 404).length >= 1500 - dropped);
    assert.equal(log.filter(({ status }) => status === 404).length + dropped, 1500);
    child.stdout?.pause();
    for (let round = 0; round < 150; round += 1) {
      await Promise.all(Array.from({ length: 10 }, () => get(`${url}/nope`, agent)));
    }
    child.kill('SIGTERM');
    assert.deepEqual(await exited, { code: 0, signal: null });
    // What is still in the pipe ends in the middle of a line.
    child.stdout?.destroy();
  });

  it('a log whose reader has left stops neither the service nor its end, and the lost lines are counted', async (test) => {
    const { url, child, exited } = await startOwnProcess(test);
    child.stdout?.destroy();
    await get(`${url}/nope`);
    const dropped = async () => {
      const [, count] = /^skyops_log_lines_dropped_total (\d+)$/m.exec((await get(`${url}/metrics`)).body) ?? [];
      return Number(count);
    };
    await until('the lines are counted', async () => (await dropped()) > 0);
    const before = await dropped();
    for (let round = 0; round < 10; round += 1) await get(`${url}/nope`);
    await until('each of them is counted', async () => (await dropped()) === before + 10);
    child.kill('SIGTERM');
    assert.deepEqual(await exited, { code: 0, signal: null });
  });

  it('a collector that hangs holds the end back for a second at most, and one that is dead not at all', async (test) => {
    const hanging = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(hanging, 'listening');
    test.after(() => hanging.close());
    const { port } = hanging.address() as { port: number };
    for (const collector of [`http://127.0.0.1:${port}`, 'http://127.0.0.1:9']) {
      const { url, child, exited, log } = await startOwnProcess(test, { OTEL_EXPORTER_OTLP_ENDPOINT: collector });
      for (let index = 0; index < 5; index += 1) assert.equal((await get(`${url}/health`)).status, 200);
      const toldMs = performance.now();
      child.kill('SIGTERM');
      assert.deepEqual(await exited, { code: 0, signal: null });
      // 1 s for the traces and at most another one for the log; the rest is room for a busy machine.
      assert.ok(performance.now() - toldMs < 6000, `${performance.now() - toldMs} ms`);
      assert.equal(log.at(-1)?.msg, 'service stopped, nothing was cut');
    }
  });

  it('a collector that works has every span before the end, and nothing is said to have gone wrong', async (test) => {
    const collector = await startCollector(test);
    const { url, child, exited, log } = await startOwnProcess(test, {
      SKYOPS_DRAIN_DELAY_SECONDS: '5',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    });
    for (let index = 0; index < 5; index += 1) assert.equal((await get(`${url}/health`)).status, 200);
    child.kill('SIGTERM');
    await until('it drains', () => log.some(({ to }) => to === 'draining'));
    for (let index = 0; index < 5; index += 1) assert.equal((await get(`${url}/health`)).status, 200);
    assert.deepEqual(await exited, { code: 0, signal: null });
    assert.equal(collector.spans.filter(({ name }) => name === 'GET /health').length, 10);
    assert.deepEqual(
      log.filter(({ level }) => level !== 'info' && level !== 'debug'),
      [],
    );
  });
});
