/** One memcached node of the local cluster. */
export interface LocalNode {
  readonly host: string;
  readonly port: number;
  /** Of its own process; `undefined` for a node inside ours. */
  readonly pid: number | undefined;
  /** Calls back when the node ends without having been asked to. */
  onDeath(report: (how: string) => void): void;
  close(): Promise<void>;
}

export const HOST = '127.0.0.1';

export function nodeName(node: { readonly host: string; readonly port: number }): string {
  return `${node.host}:${node.port}`;
}
