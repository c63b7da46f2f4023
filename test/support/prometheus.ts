/** A real Prometheus for the time of a test, and questions to it. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { makeFileTree } from '#test/support/file-tree.ts';
import { until } from '#test/support/until.ts';

type Sample = { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] };
export type Series = {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
};

export type Prometheus = {
  readonly url: string;
  /** @throws what Prometheus says of an expression that it cannot evaluate. */
  readonly query: (expression: string) => Promise<readonly Sample[]>;
  readonly queryRange: (expression: string, fromEpochMs: number, stepSeconds: number) => Promise<readonly Series[]>;
  /** The one value of an expression, NaN if there is none. */
  readonly numberOf: (expression: string) => Promise<number>;
  readonly get: (path: string) => Promise<any>;
};

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/**
 * @param config of Prometheus in YAML; files beside it may be named in it.
 * @param files written beside the configuration.
 */
export async function startPrometheus(
  test: TestContext,
  config: string,
  files: Readonly<Record<string, string>> = {},
  features: readonly string[] = [],
): Promise<Prometheus> {
  const folder = makeFileTree(test, { ...files, 'prometheus.yml': config });
  const port = await freePort();
  const args = [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
    ...features.map((feature) => `--enable-feature=${feature}`),
  ];
  runForTest(test, 'prometheus', args);
  const url = `http://127.0.0.1:${port}`;
  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`, { headers: { connection: 'close' } });
    const body = (await response.json()) as { status: string; error?: string; data: any };
    if (body.status !== 'success') throw new Error(`${path}: ${body.error}`);
    return body.data;
  };
  await until('Prometheus answers', () =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  const query = async (expression: string) =>
    (await get(`/api/v1/query?query=${encodeURIComponent(expression)}`)).result;
  return {
    url,
    get,
    query,
    queryRange: async (expression, fromEpochMs, stepSeconds) => {
      const range = `start=${fromEpochMs / 1000}&end=${Date.now() / 1000}&step=${stepSeconds}`;
      return (await get(`/api/v1/query_range?query=${encodeURIComponent(expression)}&${range}`)).result;
    },
    numberOf: async (expression) => Number((await query(expression))[0]?.value[1] ?? Number.NaN),
  };
}

/** Starts a program that is stopped after the test. */
export function runForTest(test: TestContext, command: string, args: readonly string[]): void {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  test.after(async () => {
    child.kill('SIGTERM');
    await exited;
  });
}
