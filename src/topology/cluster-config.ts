import { nodeName, type RingNode } from '../ring/index.ts';

/**
 * Reads the payload of `config get cluster`: a version line, then `host|ip|port` entries parted by white space.
 *
 * Read liberally: carriage returns may be there or not, the IP may be empty (with TLS only names are told), and an
 * IPv6 address may hold colons. A node that is listed twice counts once. Returns `undefined` where the text is no such list.
 */
export function parseClusterConfig(payload: string): { version: string; nodes: RingNode[] } | undefined {
  const [version, ...entries] = payload.trim().split(/\s+/);
  if (version === undefined || !/^\d+$/.test(version)) return undefined;
  const nodes = new Map<string, RingNode>();
  for (const entry of entries) {
    const node = parseEntry(entry);
    if (node === undefined) return undefined;
    if (!nodes.has(nodeName(node))) nodes.set(nodeName(node), node);
  }
  return { version, nodes: [...nodes.values()] };
}

function parseEntry(entry: string): RingNode | undefined {
  const first = entry.indexOf('|');
  const last = entry.lastIndexOf('|');
  if (first < 0 || first === last) return undefined;
  const name = entry.slice(0, first);
  const ip = entry.slice(first + 1, last);
  const digits = entry.slice(last + 1);
  const port = Number(digits);
  const host = name === '' ? ip : name;
  if (host === '' || !/^\d{1,5}$/.test(digits) || port < 1 || port > 65_535) return undefined;
  return ip === '' ? { host, port } : { host, port, ip };
}
