/**
 * A real Linux with a real cgroup v2, whatever the machine underneath has: an emulated computer (QEMU without KVM, an ordinary
 * process) that boots a distribution's kernel into a file system in memory.
 */
import { type ChildProcessByStdio, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { missing } from './chromium.ts';
import { hasTool } from './tool.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KERNEL = join(ROOT, '.cache/kernel/vmlinuz');
const GUEST = join(ROOT, 'test/support/guest');

export type Run = {
  /** What it wrote to its console until it switched itself off. */
  readonly said: string;
  /**
   * From 0 to 1: how much of the time in which its processors could have run they had to wait for others on this machine. Inside, nobody can tell:
   * a program that burns is accounted for that time too, and has used more than it meant to when it next looks.
   */
  readonly waitedShare: number;
};

/** Boots it; `undefined` if it cannot be made here. */
export async function runInVirtualMachine(test: TestContext): Promise<Run | undefined> {
  if (arch() !== 'x64') {
    missing(test, 'the virtual machine is made for x86-64');
    return undefined;
  }
  for (const tool of ['qemu-system-x86_64', 'busybox', 'unshare']) if (!hasTool(test, tool)) return undefined;
  if (!existsSync(KERNEL)) {
    missing(test, 'there is no kernel for the virtual machine: run test/support/guest/fetch-kernel.sh');
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'skyops-vm-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  const archive = packFileSystem(folder);
  const machine = spawn(
    'qemu-system-x86_64',
    [
      ...[
        '-accel',
        'tcg,thread=multi',
        '-cpu',
        'max',
        '-smp',
        '2',
        '-m',
        '1536',
        '-nographic',
        '-no-reboot',
        '-nic',
        'none',
      ],
      ...['-kernel', KERNEL, '-initrd', archive, '-append', 'console=ttyS0 quiet panic=-1 mitigations=off'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  test.after(() => machine.kill('SIGKILL'));
  let waitedShare = 0;
  const looking = setInterval(() => {
    waitedShare = waitedShareOf(machine.pid ?? 0) ?? waitedShare;
  }, 250);
  const said = await untilSilent(machine);
  clearInterval(looking);
  return { said, waitedShare };
}

/** The longest that it is silent while all is well is a simulation of some seconds, ten times as slow. */
const SILENT_MS = 180_000;

/** What it says until it ends. One that hangs is ended, so that the test can show how far it came. */
async function untilSilent(machine: ChildProcessByStdio<null, Readable, null>): Promise<string> {
  let said = '';
  const kill = () => {
    said += `\n(silent for ${SILENT_MS / 1000} s, ended from outside)\n`;
    machine.kill('SIGKILL');
  };
  let silence = setTimeout(kill, SILENT_MS);
  for await (const part of machine.stdout.setEncoding('utf8')) {
    said += part;
    clearTimeout(silence);
    silence = setTimeout(kill, SILENT_MS);
  }
  clearTimeout(silence);
  return said;
}

/** From what the scheduler says of its threads: nanoseconds on a processor, and waiting for one (kernel, Documentation/scheduler/sched-stats.rst). */
function waitedShareOf(pid: number): number | undefined {
  try {
    const stats = readdirSync(`/proc/${pid}/task`).map((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ').map(Number),
    );
    const sum = (field: number) => stats.reduce((total, stat) => total + (stat[field] ?? 0), 0);
    return sum(1) / (sum(0) + sum(1));
  } catch {
    // It, or a thread of it, has just ended.
    return undefined;
  }
}

/** The runtime, the program and what it needs, a shell, and the two files of the guest, as the kernel wants to unpack them. */
function packFileSystem(folder: string): string {
  const root = join(folder, 'root');
  for (const name of ['bin', 'usr/local/bin', 'proc', 'sys', 'dev', 'tmp']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  place(root, process.execPath, 'usr/local/bin/node');
  place(root, pathOf('unshare'), 'usr/local/bin/unshare');
  place(root, pathOf('busybox'), 'bin/busybox');
  place(root, join(GUEST, 'init.sh'), 'init');
  chmodSync(join(root, 'init'), 0o755);
  // As JavaScript, the service as the image has it: TypeScript is read by WebAssembly, whose tier-up V8 did not survive once in
  // this emulation (WasmTriggerTierUp, "Check failed: it->second.Size() > offset").
  buildSync({ entryPoints: [join(GUEST, 'client.ts')], format: 'esm', outfile: join(root, 'client.mjs') });
  execFileSync(process.execPath, [join(ROOT, 'tools/bundle.ts'), join(root, 'app')]);
  for (const library of [...librariesOf(process.execPath), ...librariesOf(pathOf('unshare'))]) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    place(root, realpathSync(library), library);
  }
  const archive = join(folder, 'root.cpio');
  const packed = spawnSync('sh', ['-c', 'find . | busybox cpio -o -H newc'], { cwd: root, maxBuffer: 1024 ** 3 });
  writeFileSync(archive, packed.stdout);
  return archive;
}

const place = (root: string, from: string, to: string) => copyFileSync(from, join(root, to));
const output = (command: string, args: readonly string[]) =>
  spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' }).stdout;
const pathOf = (tool: string) => realpathSync(output('sh', ['-c', `command -v ${tool}`]).trim());
const librariesOf = (program: string) => [...new Set(output('ldd', [program]).match(/\/[^ ]+(?= \()/g) ?? [])];
