/** The command line against several replicas behind one address, as behind a Service: what follows may reach any of them. */
import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { runCommand } from '#command/program.ts';
import { systemClock } from '#foundation/clock.ts';
import { type InProcess, startInProcess } from '#test/support/in-process.ts';
import { statusesIn } from '#test/support/raw-answers.ts';
import { until } from '#test/support/until.ts';

const REPLICAS = 3;

/** Each new connection goes to the next replica; with `isHasty` none outlives one answer, as behind a gateway that keeps none. */
async function startService(test: TestContext, isHasty: boolean) {
  const replicas: InProcess[] = [];
  for (let index = 0; index < REPLICAS; index += 1) {
    replicas.push(await startInProcess(test, { SKYOPS_POD_NAME: `replica-${index}`, SKYOPS_MAX_SIMULATIONS: '100' }));
  }
  let next = 0;
  const balancer = createServer((client) => {
    const { port } = new URL(replicas[next % REPLICAS]?.url ?? '');
    next += 1;
    const server = connect(Number(port), '127.0.0.1');
    let received = '';
    client.pipe(server);
    server.on('data', (chunk) => {
      client.write(chunk);
      received += chunk.toString('latin1');
      if (isHasty && statusesIn(received, false).length > 0) client.end();
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
  }).listen(0, '127.0.0.1');
  await until('it listens', () => balancer.listening);
  test.after(() => balancer.close());
  const { port } = balancer.address() as { port: number };
  const running = async () => {
    const lists = await Promise.all(replicas.map(({ ask }) => ask('/simulations')));
    return lists.flatMap(({ json }) => json.simulations).filter(({ state }: { state: string }) => state === 'running')
      .length;
  };
  return { url: `http://127.0.0.1:${port}`, running };
}

async function run(args: string, interrupt = new AbortController().signal) {
  let [out, err] = ['', ''];
  const exitCode = await runCommand(args.split(' '), '1.2.3', {
    terminal: {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      isWatched: false,
      interrupt,
    },
    clock: systemClock,
    environment: {},
    openMachine: () => Promise.reject(new Error('this simulates elsewhere')),
    serve: () => Promise.reject(new Error('this does not serve')),
  });
  return { exitCode, out, err };
}

describe('skyops simulate, behind one address with three replicas', () => {
  for (const isHasty of [false, true]) {
    it(`ends with its report in 20 of 20 runs, and leaves nothing running${isHasty ? ', even where no connection is kept' : ''}`, async (test) => {
      const { url, running } = await startService(test, isHasty);
      const runs = await Promise.all(
        Array.from({ length: 20 }, () => run(`simulate cpu --cpu 1m --for 1s --json --url ${url}`)),
      );
      for (const { exitCode, out, err } of runs) {
        assert.equal(exitCode, 0, err);
        assert.equal(JSON.parse(out).ended_because, 'completed');
      }
      assert.equal(await running(), 0);
    });
  }

  it('takes the load away at Ctrl-C, on whichever replica it runs', async (test) => {
    const { url, running } = await startService(test, true);
    const interrupt = new AbortController();
    const runs = Array.from({ length: 6 }, () =>
      run(`simulate cpu --cpu 1m --for 60s --json --url ${url}`, interrupt.signal),
    );
    await until('all of them run', async () => (await running()) === 6);
    interrupt.abort();
    for (const { exitCode, out } of await Promise.all(runs)) {
      assert.equal(exitCode, 130);
      assert.equal(JSON.parse(out).ended_because, 'cancelled');
    }
    assert.equal(await running(), 0);
  });
});

describe('skyops check --wait', () => {
  it('asks until the answer is 200, and no longer than it may', async (test) => {
    let isReady = false;
    const server = createServer((socket) => {
      socket.once('data', () =>
        socket.end(`HTTP/1.1 ${isReady ? 200 : 503} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`),
      );
    }).listen(0, '127.0.0.1');
    await until('it listens', () => server.listening);
    test.after(() => server.close());
    const { port } = server.address() as { port: number };
    const never = await run(`check --wait 1s http://127.0.0.1:${port}/ready`);
    assert.equal(never.exitCode, 1);
    assert.match(never.err, /answered 503 .* and not 200 within 1 s/);
    const waiting = run(`check --wait 60s http://127.0.0.1:${port}/ready`);
    isReady = true;
    assert.equal((await waiting).exitCode, 0);
    const nobody = await run('check --wait 1s http://user:canary@127.0.0.1:9/ready');
    assert.equal(nobody.exitCode, 1);
    assert.match(nobody.err, /^skyops: http:\/\/127\.0\.0\.1:9\/ready did not answer: ECONNREFUSED within 1 s\n$/);
  });
});
