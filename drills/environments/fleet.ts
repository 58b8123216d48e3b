import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { machineMillis } from '../../test/support/histories/history.ts';
import type { Call, EnvironmentSettings, FromEnvironment, Names, ToEnvironment } from './messages.ts';
import { Origin } from './origin.ts';
import { INVOCATION_MILLIS, PAST_A_LOOK_MILLIS } from './settings.ts';

const PROGRAMS = {
  environment: fileURLToPath(new URL('./environment.ts', import.meta.url)),
  crowd: fileURLToPath(new URL('./crowd.ts', import.meta.url)),
};
/** To start, and to end. */
const PATIENCE_MILLIS = 20_000;
const LOOK_MILLIS = 20;
/** Within this a process has heard what it was told. */
const HEAR_MILLIS = 100;

export interface CallOf extends Call {
  readonly worker: number;
}

/** When a process stood still; `to` is missing while it does. */
export interface Freeze {
  readonly worker: number;
  readonly from: number;
  to?: number;
}

/** When the time of day of a process began to run fast. */
export interface Aging {
  readonly worker: number;
  readonly at: number;
}

export interface NodeDown {
  readonly worker: number;
  readonly node: string;
  readonly at: number;
}

interface Member {
  readonly child: ChildProcess;
  readonly ready: Promise<unknown>;
  readonly ended: Promise<void>;
  version: string | undefined;
}

/** Processes that read and write through caches of their own, and the origin that they share. */
export class Fleet {
  readonly origin = new Origin();
  readonly calls: CallOf[] = [];
  readonly freezes: Freeze[] = [];
  readonly agings: Aging[] = [];
  /** Nodes that a process took for down. */
  readonly nodeDowns: NodeDown[] = [];
  /** Of processes that ended: calls that never came back, and sockets and timers that outlived `close()`. */
  hanging = 0;
  readonly left: string[] = [];
  readonly #settingsOf: (worker: number) => EnvironmentSettings;
  readonly #program: string;
  readonly #members: Member[] = [];
  #bursts = 0;

  constructor(program: keyof typeof PROGRAMS, settingsOf: (worker: number) => EnvironmentSettings) {
    this.#program = PROGRAMS[program];
    this.#settingsOf = settingsOf;
    process.on('exit', this.#kill);
  }

  /** So many more, each ready when this resolves. */
  async grow(count: number): Promise<void> {
    const fresh = Array.from({ length: count }, () => this.#start());
    await Promise.all(fresh.map(({ ready }) => ready));
  }

  /** The versions of the node list that the processes use. */
  get versions(): readonly (string | undefined)[] {
    return this.#members.map(({ version }) => version);
  }

  /** How often a process, or any, has taken a node for down. */
  downs(worker?: number): number {
    return this.nodeDowns.filter((down) => worker === undefined || down.worker === worker).length;
  }

  /** Lets the next call look at the node list, as if more than a minute had passed. */
  lookAgain(worker?: number): void {
    const at = machineMillis();
    const aged = worker === undefined ? this.#members.keys() : [worker];
    for (const member of aged) this.agings.push({ worker: member, at });
    this.#tell({ kind: 'age', millis: PAST_A_LOOK_MILLIS }, worker);
  }

  /** Whether all come to use this version. */
  async agree(version: number, withinMillis: number): Promise<boolean> {
    const lateAt = machineMillis() + withinMillis;
    while (this.versions.some((known) => known !== String(version))) {
      if (machineMillis() > lateAt) return false;
      await sleep(LOOK_MILLIS);
    }
    return true;
  }

  know(names: Names): void {
    this.#tell({ kind: 'names', names });
  }

  /** With `seemsMillis`, it will seem to the process to have lasted so long, by the time of day. */
  async freeze(worker: number, seemsMillis = 0): Promise<void> {
    if (seemsMillis > 0) {
      this.agings.push({ worker, at: machineMillis() });
      this.#tell({ kind: 'long-freeze', millis: seemsMillis }, worker);
      await sleep(HEAR_MILLIS);
    }
    this.freezes.push({ worker, from: machineMillis() });
    this.#members[worker]!.child.kill('SIGSTOP');
  }

  thaw(worker: number): void {
    this.#members[worker]!.child.kill('SIGCONT');
    const freeze = this.freezes.findLast((candidate) => candidate.worker === worker);
    if (freeze !== undefined) freeze.to = machineMillis();
  }

  /** All clients of a crowd make their first calls; resolves when they are through. */
  async burst(): Promise<void> {
    this.#tell({ kind: 'burst' });
    const lateAt = machineMillis() + PATIENCE_MILLIS;
    while (this.#bursts < this.#members.length && machineMillis() < lateAt) await sleep(LOOK_MILLIS);
  }

  /** Lets all finish what they do, close their caches, and tell what is left. */
  async stop(): Promise<void> {
    this.#tell({ kind: 'stop' });
    const late = sleep(INVOCATION_MILLIS + PATIENCE_MILLIS, 'late' as const, { ref: false });
    const ended = Promise.all(this.#members.map((member) => member.ended));
    if ((await Promise.race([ended, late])) === 'late') throw new Error('an environment does not end');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.removeListener('exit', this.#kill);
    await Promise.all(
      this.#members.map(async ({ child }) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exited = once(child, 'exit');
        child.kill('SIGKILL');
        await exited;
      }),
    );
  }

  readonly #kill = (): void => {
    for (const { child } of this.#members) child.kill('SIGKILL');
  };

  #start(): Member {
    const worker = this.#members.length;
    const child = fork(this.#program, [JSON.stringify(this.#settingsOf(worker))], {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const ready = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const member: Member = { child, ready: ready.promise, ended: ended.promise, version: undefined };
    this.#members.push(member);
    child.once('exit', (code, signal) => {
      const gone = new Error(`an environment ended by itself: ${signal ?? code}`);
      ready.reject(gone);
      ended.reject(gone);
    });
    // Whoever waits for one of them is told; nobody may.
    ready.promise.catch(() => {});
    ended.promise.catch(() => {});
    child.on('message', (message: FromEnvironment) => {
      this.#heard(worker, message);
      if (message.kind === 'ready') ready.resolve();
      if (message.kind === 'ended') ended.resolve();
    });
    return member;
  }

  #heard(worker: number, message: FromEnvironment): void {
    switch (message.kind) {
      case 'load':
        void this.origin.load(message.key).then((version) => this.#answer(worker, message.id, version));
        break;
      case 'commit':
        this.#answer(worker, message.id, this.origin.commit(message.key, worker));
        break;
      case 'acknowledged':
        this.origin.acknowledged(message.key, message.version, message.at);
        break;
      case 'calls':
        for (const call of message.calls) this.calls.push({ ...call, worker });
        break;
      case 'topology':
        this.#members[worker]!.version = message.version;
        break;
      case 'node-down':
        this.nodeDowns.push({ worker, node: message.node, at: message.at });
        break;
      case 'burst-over':
        this.#bursts++;
        break;
      case 'ended':
        this.hanging += message.hanging;
        this.left.push(...message.left);
        break;
      case 'ready':
        break;
      default:
        message satisfies never;
    }
  }

  #answer(worker: number, id: number, version: number): void {
    this.#tell({ kind: 'answer', id, version }, worker);
  }

  #tell(message: ToEnvironment, worker?: number): void {
    const members = worker === undefined ? this.#members : [this.#members[worker]!];
    for (const { child } of members) if (child.connected) child.send(message);
  }
}
