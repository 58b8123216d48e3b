import { HOST, type LocalNode } from './node.ts';

/** A node inside this process, for machines without memcached: real TCP, the same protocol, no process to kill. */
export async function startInProcessNode(): Promise<LocalNode> {
  const { startNode } = await import('../../../src/testing/index.ts');
  const node = await startNode();
  return {
    host: HOST,
    port: node.port,
    pid: undefined,
    onDeath() {},
    close: () => node.close(),
  };
}
