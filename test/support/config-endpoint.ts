import { onLines, startTcpPeer, type TcpPeer } from './tcp-peer.ts';

/** A configuration endpoint that lists what the test says. */
export interface ConfigEndpoint extends TcpPeer {
  /** How often it was asked. */
  readonly asked: number;
  /** Answers with this list from now on; each new list has the next version. */
  list(names: readonly string[]): void;
  /** Accepts and says nothing, or closes at once, or answers again. */
  behave(as: 'answers' | 'silent' | 'closes'): void;
}

export async function startConfigEndpoint(names: readonly string[], port = 0): Promise<ConfigEndpoint> {
  let listed = names;
  let version = 1;
  let asked = 0;
  let behaviour: 'answers' | 'silent' | 'closes' = 'answers';
  const peer = await startTcpPeer((socket) => {
    if (behaviour === 'closes') {
      socket.end();
      return;
    }
    onLines(socket, (line) => {
      if (line !== 'config get cluster') return;
      asked += 1;
      if (behaviour === 'silent') return;
      const entries = listed.map((name) => name.replace(/:(\d+)$/, '||$1')).join(' ');
      const payload = `${version}\n${entries}\n`;
      socket.write(`CONFIG cluster 0 ${payload.length}\r\n${payload}\r\nEND\r\n`);
    });
  }, port);
  return {
    ...peer,
    get asked() {
      return asked;
    },
    list: (next) => {
      listed = next;
      version += 1;
    },
    behave: (as) => {
      behaviour = as;
    },
  };
}
