import { connect } from 'node:net';

const TIMEOUT_MS = 1000;

/** Sends one command of memcached's text protocol and resolves with the reply, which must end in END or ERROR. */
export function ask(
  node: { readonly host: string; readonly port: number },
  command: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(node.port, node.host, () => socket.write(`${command}\r\n`));
    let reply = '';
    socket.setEncoding('latin1').setTimeout(TIMEOUT_MS);
    socket.on('data', (text: string) => {
      reply += text;
      if (!/(^|\n)(END|ERROR)\r\n$/.test(reply)) return;
      resolve(reply);
      socket.destroy();
    });
    socket.on('timeout', () => socket.destroy(new Error(`no reply to ${command}`)));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${node.host}:${node.port} closed the connection`)));
  });
}

/** How many reads a node has served. */
export async function readsServed(node: { readonly host: string; readonly port: number }): Promise<number> {
  const count = /STAT cmd_get (\d+)/.exec(await ask(node, 'stats'))?.[1];
  if (count === undefined) throw new Error(`${node.host}:${node.port} does not count its reads`);
  return Number(count);
}
