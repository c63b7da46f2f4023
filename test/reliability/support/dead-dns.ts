/** Preloaded: names are never resolved, as behind a DNS that is gone; an address is none. */
import dns from 'node:dns';
import { isIP } from 'node:net';

const lookup = dns.lookup;
dns.lookup = ((host: string, ...rest: [never]) => {
  if (isIP(host) !== 0) lookup(host, ...rest);
}) as typeof dns.lookup;
dns.promises.lookup = (() => new Promise(() => {})) as unknown as typeof dns.promises.lookup;
