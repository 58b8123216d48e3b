import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../../src/base/random.ts';
import { type Memcached, startMemcachedCluster } from '../memcached.ts';
import { exchange } from '../raw-client.ts';
import { Freezer } from './freezer.ts';
import { FOREIGN, type History, type Read } from './history.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { VersionedOrigin } from './origin.ts';
import { NODES, WORKERS, type WorkerSettings } from './settings.ts';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));
/** Of an ambush: a write so soon after the freeze is long out of date at the thaw. */
const WRITE_AFTER_MILLIS = 20;
const LOOK_MILLIS = 100;
/** What is in flight at the end may take this long to come in: a loader's time, and a bit. */
const END_MILLIS = 15_000;

export interface StressOptions {
  readonly millis: number;
  /** Goes on past `millis`, up to twice as long, until there are so many. */
  readonly leastReads: number;
  readonly seed: number;
  /** Off to see that the checker finds what a client without leases does. */
  readonly leases?: boolean;
  readonly auto?: boolean;
}

export interface Stress {
  readonly history: History;
  /** Reads that found nothing. */
  readonly empty: number;
  readonly freezesMillis: readonly number[];
  /** How many keys are on the hot list in the end. */
  readonly hotKeys: number;
}

/** Lets worker processes read and write through freezes, and gives the history of it. */
export async function stress(options: StressOptions): Promise<Stress> {
  const { millis, leastReads, seed, leases = true, auto = false } = options;
  await using cluster = await startMemcachedCluster(NODES);
  const random = seededRandom(seed);
  const origin = new VersionedOrigin(random);
  const settings: WorkerSettings = { nodes: cluster.names, leases, auto };
  const workers = Array.from({ length: WORKERS }, () =>
    fork(WORKER, [JSON.stringify(settings)], {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  );
  const kill = (): void => {
    for (const worker of workers) worker.kill('SIGKILL');
  };
  // A test run that crashes must not leave stopped processes behind.
  process.once('exit', kill);
  const freezer = new Freezer(workers, random);
  const reads: Read[] = [];
  let empty = 0;
  const tell = (message: ToWorker): void => {
    for (const worker of workers) if (worker.connected && !freezer.isFrozen(worker)) worker.send(message);
  };
  const ambush = (key: string, millis: number): void => {
    setTimeout(() => tell({ kind: 'write', key }), WRITE_AFTER_MILLIS).unref();
    setTimeout(() => tell({ kind: 'look', key }), millis + LOOK_MILLIS).unref();
  };
  workers.forEach((child, worker) => {
    child.on('message', (message: FromWorker) => {
      switch (message.kind) {
        case 'load':
          void origin.load(message.key).then((version) => answer(child, message.id, version));
          break;
        case 'commit':
          answer(child, message.id, origin.commit(message.key, worker));
          break;
        case 'foreign-commit':
          answer(child, message.id, origin.commit(message.key, FOREIGN));
          break;
        case 'acknowledged':
          origin.acknowledged(message.key, message.version, message.at);
          break;
        case 'reads':
          empty += message.empty;
          for (const read of message.reads) reads.push({ ...read, worker });
          break;
        case 'frozen':
          if (message.ambush === undefined) freezer.stoppedItself(child);
          else ambush(message.ambush, freezer.ambushed(child));
          break;
        default:
          message satisfies never;
      }
    });
  });
  try {
    const startedAt = performance.now();
    const elapsed = (): number => performance.now() - startedAt;
    while (elapsed() < millis || (reads.length < leastReads && elapsed() < 2 * millis)) {
      await sleep(LOOK_MILLIS);
      const gone = workers.find(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
      if (gone !== undefined) throw new Error(`a worker ended: ${gone.signalCode ?? gone.exitCode}`);
    }
    freezer.end();
    await allEnded(workers);
  } finally {
    freezer.end();
    kill();
    process.removeListener('exit', kill);
  }
  const hotKeys = await hotKeysOn(cluster.nodes[0]!);
  return { history: { reads, writes: origin.writes }, empty, freezesMillis: freezer.freezesMillis, hotKeys };
}

async function hotKeysOn(node: Memcached): Promise<number> {
  const [, list = '[0,[]]'] = (await exchange(node, ['mg sc~hot~libketama v\r\n'])).split('\r\n');
  return list === '' ? 0 : (JSON.parse(list) as [number, unknown[]])[1].length;
}

function answer(child: ChildProcess, id: number, version: number): void {
  if (child.connected) child.send({ kind: 'answer', id, version } satisfies ToWorker);
}

/** One that stops itself on its last call needs another push. */
async function allEnded(workers: readonly ChildProcess[]): Promise<void> {
  const pushes = setInterval(() => {
    for (const worker of workers) worker.kill('SIGCONT');
  }, LOOK_MILLIS);
  const late = AbortSignal.timeout(END_MILLIS);
  try {
    await Promise.all(
      workers.map(async (worker) => {
        const disconnected = once(worker, 'disconnect', { signal: late });
        worker.send({ kind: 'stop' } satisfies ToWorker);
        await disconnected;
      }),
    );
  } finally {
    clearInterval(pushes);
  }
}
