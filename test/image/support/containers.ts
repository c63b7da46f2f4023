/** The image of the Dockerfile, really built and run: buildah, podman and runc, in a storage of their own below .cache. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { missing } from '#test/support/chromium.ts';
import { hasTool } from '#test/support/tool.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const FOLDER = `${ROOT}.cache/image`;
const STORAGE = ['--storage-driver', 'overlay', '--root', `${FOLDER}/storage`, '--runroot', `${FOLDER}/run`];
export const IMAGE = 'localhost/skyops:test';

/** As a machine without systemd and with cgroup v1 needs it. */
const CONTAINERS_CONF = `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=1000:1000"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
`;

/** What the issue of a locked-down cluster is: no privilege, no file to write to, a quota and a limit. */
export const LOCKED_DOWN = [
  ...['--cpus', '0.5', '--memory', '256m', '--pids-limit', '200', '--read-only', '--cap-drop=ALL'],
  ...['--security-opt=no-new-privileges', '--network', 'host'],
];

export type Ran = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

export function podman(...args: readonly string[]): Ran {
  const environment = { ...process.env, CONTAINERS_CONF: `${FOLDER}/containers.conf` };
  const { status, stdout, stderr } = spawnSync('podman', [...STORAGE, ...args], {
    encoding: 'utf8',
    env: environment,
    maxBuffer: 2 ** 26,
    // The longest of them stops a container, 20 s; a podman that hangs must not hang the whole run.
    timeout: 120_000,
    // kube play takes a file of the image's name, in the folder where it runs, for a folder to build it from.
    cwd: FOLDER,
  });
  return { status, stdout, stderr };
}

/** @throws Error with what podman complains about. */
export function podmanSays(...args: readonly string[]): string {
  const { status, stdout, stderr } = podman(...args);
  if (status !== 0) throw new Error(`podman ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

let built: boolean | undefined;

/** Builds the image once in a run. Without root and the programs the test is skipped, and fails in CI. */
export function hasImage(test: TestContext): boolean {
  for (const tool of ['buildah', 'podman', 'runc', 'mmdebstrap']) if (!hasTool(test, tool)) return false;
  if (process.getuid?.() !== 0) {
    missing(test, 'images are built as root here');
    return false;
  }
  if (built === undefined) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(`${FOLDER}/containers.conf`, CONTAINERS_CONF);
    const script = fileURLToPath(new URL('stand-in.sh', import.meta.url));
    const { status, stdout, stderr } = spawnSync(script, [ROOT, FOLDER], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      timeout: 480_000,
    });
    if (status !== 0) throw new Error(`the image was not built:\n${stdout.slice(-2000)}\n${stderr.slice(-4000)}`);
    built = true;
  }
  return true;
}

export type Container = {
  readonly name: string;
  readonly url: string;
  /** Its log so far, line by line, as JSON. */
  readonly log: () => Record<string, any>[];
  /** SIGTERM, and SIGKILL after 20 s; gives the exit code. */
  readonly stop: () => number;
};

/** Runs the image until the test ends. */
export function runContainer(test: TestContext, port: number, ...options: readonly string[]): Container {
  const name = `skyops-test-${port}`;
  podman('rm', '--force', '--time', '1', name);
  podmanSays('run', '--detach', '--name', name, '--env', `SKYOPS_PORT=${port}`, ...options, IMAGE);
  test.after(() => podman('rm', '--force', '--time', '1', name));
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    log: () => linesOf(podman('logs', name)),
    stop: () => {
      podman('stop', '--time', '20', name);
      return Number(podmanSays('inspect', name, '--format', '{{.State.ExitCode}}'));
    },
  };
}

/** Every line that the container wrote, on either stream, has to be JSON. */
function linesOf({ stdout, stderr }: Ran): Record<string, any>[] {
  return `${stdout}${stderr}`
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
