import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '#foundation/clock.ts';
import type { Supply } from '#simulation/kind.ts';
import { runCommand } from './program.ts';

const Mi = 1024 ** 2;
const supply: Supply = {
  cpu: () => ({ cpus: 2, quotaCores: null }),
  memory: () => ({ limitBytes: null, totalBytes: 1024 * Mi, headroomBytes: 512 * Mi }),
};

type Options = { readonly isWatched?: boolean; readonly environment?: Record<string, string> };

/** Runs the command line in this process, and catches what it says. */
async function run(words: string, { isWatched = false, environment = {} }: Options = {}) {
  let [out, err, served] = ['', '', 0];
  const interrupt = new AbortController();
  const exitCode = await runCommand(words.split(' '), '1.2.3', {
    terminal: {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
        // Somebody who has seen the first progress presses Ctrl-C.
        if (words.includes('--for 50s')) interrupt.abort();
      },
      isWatched,
      interrupt: interrupt.signal,
    },
    clock: systemClock,
    environment,
    openMachine: async () => ({ supply, throttledSeconds: () => null }),
    serve: async () => {
      served += 1;
      return 0;
    },
  });
  return { exitCode, out, err, served };
}

async function serverOf(test: TestContext, answer: Parameters<typeof createServer>[1]): Promise<string> {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the command line', () => {
  it('starts the service', async () =>
    assert.deepEqual(await run('serve'), { exitCode: 0, out: '', err: '', served: 1 }));

  it('says its version, and helps, with exit code 0', async () => {
    assert.deepEqual(await run('--version'), { exitCode: 0, out: '1.2.3\n', err: '', served: 0 });
    const help = await run('--help');
    assert.equal(help.exitCode, 0);
    for (const text of ['serve', 'simulate', 'check', 'Exit codes:']) assert.ok(help.out.includes(text), text);
    const ofKind = await run('simulate cpu --help');
    for (const text of ['--for', '--cpu', '--shape', '--url', '--json', 'Examples:']) {
      assert.ok(ofKind.out.includes(text), text);
    }
    assert.ok((await run('simulate memory --help')).out.includes('--allow-oom'));
  });

  for (const [words, text] of [
    ['bogus', /unknown command 'bogus'/],
    ['simulate cpu --cpuu 250m', /unknown option '--cpuu'.*--cpu/s],
    ['simulate cpu --for soon', /--for .* It must be a duration such as 60s/],
    ['simulate cpu --load many', /--load .* It must be a number/],
    ['simulate cpu --cpu 1e3', /--cpu is not right: .*"250m"/],
    [
      'simulate cpu --cpu 250m --shape ramp:from=2,to=1',
      /--shape: 2 is a share of the whole, and more than 1; an amount has a unit/,
    ],
    ['simulate cpu --cpu 250m --parallelism 2', /--parallelism: cannot stand beside cpu/],
    ['simulate cpu --cpu 250m --shape sine:mean=0.5,amplitude=0.6,period=5s', /--shape \(amplitude\): mean/],
    ['simulate cpu --cpu 70%', /--cpu: must be an amount of cores/],
    ['simulate cpu --cpu 4', /--cpu: must be at most 2000m/],
    ['simulate cpu --cpu 250m --url localhost:8001', /--url .* It must begin with http/],
    ['simulate memory --memory 500Mi', /--memory: must be at most 460Mi/],
    ['check not-a-url', /must begin with http/],
  ] as const) {
    it(`refuses “${words}” with exit code 2, and says what would be right`, async () => {
      const { exitCode, out, err } = await run(words);
      assert.equal(exitCode, 2, err);
      assert.match(err, text);
      assert.equal(out, '');
    });
  }

  it('says every error of the configuration, with exit code 2', async () => {
    const { exitCode, err } = await run('simulate cpu', { environment: { SKYOPS_MAX_CORES: 'many' } });
    assert.equal(exitCode, 2);
    assert.match(err, /SKYOPS_MAX_CORES: got "many"/);
  });

  it('simulates in this process and prints the report as a table', async () => {
    const { exitCode, out, err } = await run('simulate cpu --cpu 100m --for 500ms');
    assert.equal(exitCode, 0, err);
    assert.match(out, /^cpu simulation sim-[0-9a-f]{16}: completed\n/);
    assert.match(out, /\nrequested +0\.5 +0\.1 +0\.05\n/);
    assert.match(out, /\naccuracy [\d.]+ · throttled not known\n$/);
  });

  it('prints the report as JSON, and its progress elsewhere', async () => {
    const { exitCode, out, err } = await run('simulate memory --memory 8Mi --for 1.2s --json', { isWatched: true });
    assert.equal(exitCode, 0, err);
    const report = JSON.parse(out);
    assert.equal(report.requested.bytes, 8 * Mi);
    assert.equal(report.ended_because, 'completed');
    assert.match(err, /memory [█░]{24} 1 of 1\.2 s, 8Mi resident/);
  });

  it('takes the load away at Ctrl-C, prints the report, and exits with 130', async () => {
    const { exitCode, out } = await run('simulate cpu --cpu 50m --for 50s', { isWatched: true });
    assert.equal(exitCode, 130);
    assert.match(out, /: cancelled\n/);
  });

  it('says that a SkyOps does not answer, with exit code 1', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    const { exitCode, err } = await run(`simulate cpu --url http://127.0.0.1:${port}`);
    assert.equal(exitCode, 1);
    assert.match(err, /did not answer: ECONNREFUSED/);
  });

  it('goes on when one question for the progress fails', async (test) => {
    let asked = 0;
    const url = await serverOf(test, (request, response) => {
      if (request.method === 'POST') return void response.writeHead(202).end('{"id":"sim-0000000000000000"}');
      asked += 1;
      if (asked === 1) return void response.writeHead(502).end('<html>Bad gateway</html>');
      response.end('{"id":"sim-0000000000000000","state":"ended","ended_because":"completed"}');
    });
    const { exitCode, out } = await run(`simulate cpu --json --url ${url}`);
    assert.equal(exitCode, 0);
    assert.equal(JSON.parse(out).ended_because, 'completed');
    assert.equal(asked, 2);
  });

  it('says that another replica answers, with exit code 1', async (test) => {
    const url = await serverOf(test, (request, response) => {
      response.writeHead(request.method === 'POST' ? 202 : 404, { 'x-skyops-replica': 'b-replica' });
      response.end('{"id":"sim-0000000000000000","replica":"a-replica"}');
    });
    const { exitCode, err } = await run(`simulate cpu --url ${url}`);
    assert.equal(exitCode, 1);
    assert.match(err, /Simulation sim-0{16} on replica a-replica was not found: 100 times others answered/);
    assert.match(err, /\(b-replica\).*could not be cancelled.*curl -X DELETE/s);
  });

  it('says that there is no capacity now, with exit code 3', async (test) => {
    const url = await serverOf(test, (_request, response) => {
      response.writeHead(429, { 'retry-after': '7', 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ detail: 'All cores are taken.' }));
    });
    const { exitCode, err } = await run(`simulate cpu --url ${url}`);
    assert.equal(exitCode, 3);
    assert.match(err, /All cores are taken\.\n {2}Try again in 7 s/);
  });

  it('shows how far a load is while somebody watches, and leaves the report alone', async (test) => {
    const url = await serverOf(test, (_request, response) => {
      // A replica answers when its piece is over; the command waits for it.
      systemClock.after(1000, () => {
        response.setHeader('content-type', 'application/json');
        response.end('{"replica":"a-replica","delivered":{"core_seconds":0.1}}');
      });
    });
    const words = `load --url ${url} --cpu 100m --for 1s --pieces 1`;
    const watched = await run(words, { isWatched: true });
    assert.equal(watched.exitCode, 0, watched.err);
    assert.match(watched.err, /\rload [█░]{24} [01] of 1 s, 100m in 1 pieces over [01] replicas/);
    // The line is cleared, so that nothing of it stands before the report.
    const behind = watched.err.split('\r\u001b[K').at(-1) ?? '';
    assert.match(behind, /^skyops: all of it went to one replica, a-replica\. kubectl port-forward/);
    assert.match(watched.out, /^100m for 1\.?\d* s: 0\.1 of 0\.1 core-seconds, accuracy 1\n/);
    assert.match((await run(words)).err, /^skyops: all of it went to one replica/);
  });

  it('checks: 0 for an answer of 200, 1 for any other and for none', async (test) => {
    const url = await serverOf(test, (request, response) => {
      if (request.url !== '/silent') response.writeHead(request.url === '/health' ? 200 : 503).end();
    });
    const well = await run(`check ${url}/health`);
    assert.equal(well.exitCode, 0);
    assert.match(well.out, /answered 200 after \d+ ms/);
    assert.equal((await run(`check ${url}/ready`)).exitCode, 1);
    const silent = await run(`check ${url}/silent --timeout 200ms`);
    assert.equal(silent.exitCode, 1);
    assert.match(silent.err, /no answer in time/);
  });
});
