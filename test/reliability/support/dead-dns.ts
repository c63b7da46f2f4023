/** Preloaded: names are never resolved, as behind a DNS that is gone. */
import dns from 'node:dns';

dns.lookup = (() => {}) as unknown as typeof dns.lookup;
dns.promises.lookup = (() => new Promise(() => {})) as unknown as typeof dns.promises.lookup;
