// A ring is decided by the names of its nodes. One set of memcached processes stands in for any number of rings: each
// names them anew, and the clients' processes resolve those names to the addresses that they listen on.

import dns from 'node:dns';
import { isIP } from 'node:net';
import { seededRandom } from '../../src/base/random.ts';

const PORT = 11_211;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Names like ElastiCache's, the same in each run. */
export function nodeNames(ring: number, count: number): string[] {
  const random = seededRandom(0x5eed + ring);
  const cluster = Array.from({ length: 6 }, () => LETTERS[Math.floor(random() * LETTERS.length)]).join('');
  return Array.from({ length: count }, (_, at) => {
    const node = String(at + 1).padStart(4, '0');
    return `bench.${cluster}.${node}.cache.example:${PORT}`;
  });
}

type Answer = (error: Error | null, address: string | dns.LookupAddress[], family?: number) => void;

/** From now on this process resolves the hosts of `names` to `addresses`, as an entry in /etc/hosts would. */
export function resolveNames(names: readonly string[], addresses: readonly string[]): void {
  const known = new Map(names.map((name, at) => [name.slice(0, name.lastIndexOf(':')), addresses[at]!]));
  const lookup = (host: string, options: dns.LookupOptions, answer: Answer): void => {
    const address = isIP(host) > 0 ? host : known.get(host);
    if (address === undefined) answer(new Error(`${host} is no node of this ring`), '');
    else if (options.all) answer(null, [{ address, family: 4 }]);
    else answer(null, address, 4);
  };
  // `net.connect` looks it up there each time.
  Object.defineProperty(dns, 'lookup', {
    value: (...args: Parameters<typeof lookup>) => setImmediate(lookup, ...args),
    configurable: true,
  });
}
