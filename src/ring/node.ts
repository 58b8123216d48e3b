/** One memcached server as the ring sees it. Further fields are ignored and kept. */
export interface RingNode {
  /** Hashed as it is spelt: `H1.example` and `h1.example` are different places on the ring. */
  readonly host: string;
  readonly port: number;
  /** A whole number, relative to the other nodes' weights. Default 1. */
  readonly weight?: number;
  /** What `host` resolved to. Only the dialects of Java clients hash it. */
  readonly ip?: string;
}

/** `host:port`, which is what makes two nodes the same node. */
export function nodeName(node: RingNode): string {
  return `${node.host}:${node.port}`;
}

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;
const IPV6 = /^\[?[0-9a-f.]*:[0-9a-f:.]*(%\w+)?\]?$/i;

export function isIpLiteral(host: string): boolean {
  return IPV4.test(host) || IPV6.test(host);
}
