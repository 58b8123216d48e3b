import type { ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endOf, spawnOwned } from '../owned-process.ts';
import { ask } from './ask.ts';
import { HOST, type LocalNode } from './node.ts';

const PROGRAM = 'memcached';
const PORT_ATTEMPTS = 5;
const START_TIMEOUT_MS = 10_000;

export function memcachedIsInstalled(): boolean {
  return (process.env.PATH ?? '').split(path.delimiter).some((directory) => {
    try {
      accessSync(path.join(directory, PROGRAM), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Starts a real memcached on a free loopback port; resolves once it answers. */
export async function startMemcached(): Promise<LocalNode> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(await freePort());
    } catch (error) {
      // Between our look and memcached's bind, another process may have taken the port.
      if (attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function launch(port: number): Promise<LocalNode> {
  // memcached refuses to run as root unless it is told which user it should be.
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  const child = spawnOwned(PROGRAM, ['-l', HOST, '-p', String(port), '-U', '0', '-m', '64', ...user], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = endOf(child);
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  let closing = false;
  const close = async (): Promise<void> => {
    closing = true;
    child.kill('SIGKILL'); // it has nothing to save, and SIGKILL works on a stopped one too
    await ended;
  };
  if (!(await answersInTime(child, port))) {
    await close();
    throw new Error(`memcached did not start on port ${port}: ${complaint.trim() || 'it said nothing'}`);
  }
  return {
    host: HOST,
    port,
    pid: child.pid,
    onDeath(report) {
      child.once('exit', (code, signal) => {
        if (!closing) report(signal ?? `exit status ${code}`);
      });
    },
    close,
  };
}

async function answersInTime(child: ChildProcess, port: number): Promise<boolean> {
  const giveUpAt = Date.now() + START_TIMEOUT_MS;
  while (child.exitCode === null && child.signalCode === null && Date.now() < giveUpAt) {
    const stats = await ask({ host: HOST, port }, 'stats').catch(() => '');
    // Somebody else's server on the port must never pass for ours.
    if (stats.includes(`STAT pid ${child.pid}\r\n`)) return true;
    await sleep(5);
  }
  return false;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, HOST, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
