import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import net from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A real `memcached` process that a test started, and that only this object ends. */
export interface Memcached {
  readonly host: string;
  readonly port: number;
  /** `host:port` */
  readonly name: string;
  readonly pid: number;
  /** Sends a signal, e.g. `SIGSTOP` and `SIGCONT` to freeze and thaw the node. Does not wait. */
  kill(signal?: NodeJS.Signals): void;
  /** Ends the process and waits until it is gone. Safe to call twice, and on a stopped process. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface MemcachedOptions {
  /** More arguments for the program, e.g. `['-c', '4']`. They come last, so they win. */
  readonly args?: readonly string[];
  /** Listens here instead of on a free port, e.g. to bring a killed node back under its name. */
  readonly port?: number;
}

export interface MemcachedCluster {
  readonly nodes: readonly Memcached[];
  /** `['host:port', …]`, as the client takes them. */
  readonly names: readonly string[];
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const HOST = '127.0.0.1';
const START_TIMEOUT_MILLIS = 10_000;
const PORT_ATTEMPTS = 5;

/** Whether a `memcached` program is on the PATH; suites that need one are skipped where it is not. */
export const memcachedAvailable: boolean = isOnPath('memcached');

/** Whether a program of this name is on the PATH. */
export function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Starts memcached on loopback and resolves once it accepts connections. */
export async function startMemcached({ args = [], port }: MemcachedOptions = {}): Promise<Memcached> {
  if (port !== undefined) return launch(port, args);
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(await freePort(), args);
    } catch (error) {
      // Between our look and the bind another process may have taken the port.
      if (attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** Starts `count` of them; all or none. */
export async function startMemcachedCluster(
  count: number,
  options: Pick<MemcachedOptions, 'args'> = {},
): Promise<MemcachedCluster> {
  const starts = await Promise.allSettled(Array.from({ length: count }, () => startMemcached(options)));
  const nodes = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const close = async (): Promise<void> => void (await Promise.all(nodes.map((node) => node.close())));
  const failed = starts.find((start) => start.status === 'rejected');
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  return { nodes, names: nodes.map((node) => node.name), close, [Symbol.asyncDispose]: close };
}

async function launch(port: number, args: readonly string[]): Promise<Memcached> {
  const asRoot = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  const command = [...asRoot, '-l', HOST, '-p', String(port), '-U', '0', '-m', '64', ...args];
  const child = spawn('memcached', command, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      complaint += error.message;
      resolve();
    });
  });
  // A test run that crashes must not leave servers behind.
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  void exited.then(() => process.removeListener('exit', endWithUs));

  const close = async (): Promise<void> => {
    // SIGKILL also ends a process that a test has stopped; memcached has nothing to save.
    if (isRunning(child)) child.kill('SIGKILL');
    await exited;
  };
  try {
    await untilAccepting(child, port);
  } catch (error) {
    await close();
    throw new Error(`memcached did not start on port ${port}: ${complaint.trim()}`, { cause: error });
  }
  return {
    host: HOST,
    port,
    name: `${HOST}:${port}`,
    pid: child.pid!,
    kill: (signal = 'SIGTERM') => void child.kill(signal),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const isRunning = (child: ChildProcess): boolean =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null;

async function untilAccepting(child: ChildProcess, port: number): Promise<void> {
  const giveUpAt = Date.now() + START_TIMEOUT_MILLIS;
  while (!(await answersAs(child, port))) {
    if (!isRunning(child)) throw new Error('it ended');
    if (Date.now() > giveUpAt) throw new Error('it accepts no connection');
    await sleep(5);
  }
}

/** Compares process ids, so that somebody else's server on the same port is never taken for ours. */
function answersAs(child: ChildProcess, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: HOST, port });
    let reply = '';
    socket.setEncoding('latin1');
    socket.once('connect', () => socket.write('stats\r\n'));
    socket.on('data', (text) => {
      reply += text;
      if (reply.includes('END\r\n')) {
        socket.destroy();
        resolve(reply.includes(`STAT pid ${child.pid}\r\n`));
      }
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, HOST, () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
