/** Ports that are free now, for programs that must be told theirs. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Below the range that the kernel takes for the clients' ends, so that none of the thousands of connections takes one meanwhile. */
const LEAST = 18_000;
const MOST = 30_000;

export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = LEAST + Math.floor(Math.random() * (MOST - LEAST));
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return (server.address() as AddressInfo).port === port;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
