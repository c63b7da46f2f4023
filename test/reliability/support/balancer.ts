/** Real balancers in front of the replicas, without any retry that would hide a lost request. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { until } from '#test/support/until.ts';
import { RawConnection } from './raw-connection.ts';

export type Balancer = {
  readonly port: number;
  /** Takes a replica out for what comes from now on, as a removed endpoint is; what is open stays. */
  readonly remove: (port: number) => Promise<void>;
  readonly add: (port: number) => Promise<void>;
  /** The x-request-id that it has given to each request that it has sent on to a replica. */
  readonly forwardedIds: () => readonly string[];
  readonly close: () => Promise<void>;
};

/** `mode tcp` is what kube-proxy does: it chooses a replica for a connection and never looks into it. */
export async function startHaproxy(
  mode: 'http' | 'tcp',
  port: number,
  replicas: readonly number[],
  folder: string,
  retries: 'none' | 'retry' = 'none',
): Promise<Balancer> {
  mkdirSync(folder, { recursive: true });
  const socket = join(folder, 'haproxy.sock');
  const config = join(folder, 'haproxy.cfg');
  writeFileSync(
    config,
    [
      'global',
      `  stats socket ${socket} mode 600 level admin`,
      '  maxconn 4000',
      // Two threads that log at once are one line too many: HAProxy drops it (in 3 of 20 runs of 1,100 requests each).
      '  nbthread 1',
      'defaults',
      `  mode ${mode}`,
      ...(retries === 'none'
        ? ['  retries 0']
        : ['  retries 3', '  option redispatch', '  retry-on conn-failure empty-response response-timeout']),
      '  timeout connect 2s',
      '  timeout client 60s',
      '  timeout server 60s',
      ...(mode === 'http' ? ['  option http-keep-alive', '  http-reuse safe'] : []),
      '  log stdout format raw local0',
      'frontend front',
      `  bind 127.0.0.1:${port}`,
      ...(mode === 'http'
        ? [
            '  unique-id-format %[uuid()]',
            '  http-request set-header x-request-id %[unique-id]',
            '  log-format "%ID %s"',
          ]
        : ['  no log']),
      '  default_backend skyops',
      'backend skyops',
      '  balance roundrobin',
      ...replicas.map((replica) => `  server s${replica} 127.0.0.1:${replica}`),
      '',
    ].join('\n'),
  );
  const log = join(folder, 'haproxy.log');
  const child = spawn('haproxy', ['-db', '-f', config], {
    stdio: ['ignore', mode === 'http' ? openSync(log, 'w') : 'ignore', 'inherit'],
  });
  await listening(port, child);
  const ask = async (text: string) => {
    const control = connect(socket);
    control.end(`${text}\n`);
    let answer = '';
    for await (const data of control) answer += data;
    return answer;
  };
  const command = async (text: string) => {
    const answer = await ask(text);
    if (answer.trim() !== '') throw new Error(`haproxy says: ${answer}`);
  };
  return {
    port,
    remove: (replica) => command(`set server skyops/s${replica} state maint`),
    add: (replica) => command(`set server skyops/s${replica} state ready`),
    forwardedIds: () => idsIn(log, (server) => server !== '<NOSRV>'),
    close: () => end(child),
  };
}

/**
 * nginx keeps connections to the replicas. Clients come on a new connection each time: at the reload by which a replica is
 * taken out, nginx itself closes the idle connections of its clients, which could be taken for a loss of ours.
 */
export async function startNginx(
  port: number,
  replicas: readonly number[],
  folder: string,
  /** Idle connections to the replicas. */
  kept: { readonly connections: number; readonly seconds: number } = { connections: 32, seconds: 60 },
): Promise<Balancer> {
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'nginx.conf');
  const active = new Set(replicas);
  const write = () =>
    writeFileSync(
      config,
      [
        'daemon off;',
        'worker_processes 1;',
        `pid ${join(folder, 'nginx.pid')};`,
        `error_log ${join(folder, 'error.log')} warn;`,
        'events { worker_connections 4096; }',
        'http {',
        // One line for each request, with the address that it was sent on to.
        `  log_format forwarded '$request_id $upstream_addr';`,
        `  access_log ${join(folder, 'access.log')} forwarded;`,
        ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
          (name) => `  ${name}_temp_path ${join(folder, name)};`,
        ),
        '  keepalive_timeout 0;',
        '  upstream skyops {',
        ...[...active].map((replica) => `    server 127.0.0.1:${replica} max_fails=0;`),
        `    keepalive ${kept.connections};`,
        `    keepalive_timeout ${kept.seconds}s;`,
        '  }',
        '  server {',
        `    listen 127.0.0.1:${port};`,
        '    location / {',
        '      proxy_pass http://skyops;',
        '      proxy_http_version 1.1;',
        '      proxy_set_header Connection "";',
        '      proxy_set_header X-Request-Id $request_id;',
        '      proxy_next_upstream off;',
        '    }',
        '  }',
        '}',
        '',
      ].join('\n'),
    );
  write();
  const child = spawn('nginx', ['-c', config, '-p', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  await listening(port, child);
  const reload = async () => {
    write();
    child.kill('SIGHUP');
  };
  return {
    port,
    remove: (replica) => {
      active.delete(replica);
      return reload();
    },
    add: (replica) => {
      active.add(replica);
      return reload();
    },
    forwardedIds: () => idsIn(join(folder, 'access.log'), (server) => server !== '-'),
    close: () => end(child),
  };
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  await until(`a balancer listens on ${port}`, async () => {
    if (child.exitCode !== null) throw new Error(`the balancer exited with ${child.exitCode}`);
    const probe = new RawConnection(port);
    const state = await Promise.race([
      probe.connected.then(() => true),
      probe.next().then(
        () => true,
        () => undefined,
      ),
    ]);
    probe.close();
    return state;
  });
}

/** From lines of an id and the server that the request went to. */
function idsIn(file: string, isServer: (text: string) => boolean): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([id = '', server = '']) => (server !== '' && isServer(server) ? [id] : []));
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
