/** Where the server listens: on the address that the settings name, or on every one. */
import type { AddressInfo } from 'node:net';
import type { App } from './routes/route.ts';
import type { HttpSettings } from './settings.ts';

/** Codes of a machine that has no IPv6 at all: it is switched off in the kernel, or no interface has an address. */
const WITHOUT_IPV6: ReadonlySet<unknown> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL']);

/** On every address of both families, unless the settings name one. */
export async function listen(app: App, { host, port }: Pick<HttpSettings, 'host' | 'port'>): Promise<void> {
  try {
    await app.listen({ host: host ?? '::', port });
  } catch (error) {
    if (host !== null || !WITHOUT_IPV6.has((error as NodeJS.ErrnoException).code)) throw error;
    await app.listen({ host: '0.0.0.0', port });
  }
}

/** As a URL that works on this machine. */
export function urlOf(app: App): string {
  // A server that listens on an address and a port has an AddressInfo, not a path or nothing.
  const { address, family, port } = app.server.address() as AddressInfo;
  const isEverywhere = address === '0.0.0.0' || address === '::';
  const host = isEverywhere ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `http://${host}:${port}`;
}
