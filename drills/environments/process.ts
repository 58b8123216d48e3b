// What all processes of a drill have in common: the way to the parent and its origin, time and names in the parent's hand.

import dns from 'node:dns';
import { readdirSync, readlinkSync } from 'node:fs';
import type { CacheLogger } from '../../src/index.ts';
import { machineMillis } from '../../test/support/histories/history.ts';
import type { Call, DrillValue, FromEnvironment, Names, Operation, ToEnvironment } from './messages.ts';

/** Far below the half minute after which a connection counts as idle, and time for a reply on each in between. */
const AGE_STEP_MILLIS = 8_000;
const AGE_TICK_MILLIS = 40;
/** Time is asked many times a second, but for a process that stands still. */
const LEAST_FREEZE_MILLIS = 500;
const REPORT_EVERY = 200;
/** JSON of a fair size that is not packed. */
const PADDING = 'x'.repeat(600);

const answers = new Map<number, (version: number) => void>();
let asked = 0;
let calls: Call[] = [];
const inFlight = new Set<object>();

export function send(message: FromEnvironment): void {
  // The parent may be gone.
  process.send?.(message, undefined, undefined, () => {});
}

/** Answers and the means of faults are seen to here; `burst` and `stop` are the caller's. */
export function obey(onOrder: (order: 'burst' | 'stop') => void): void {
  process.on('message', (message: ToEnvironment) => {
    switch (message.kind) {
      case 'answer':
        answers.get(message.id)?.(message.version);
        answers.delete(message.id);
        break;
      case 'names':
        knowOnly(message.names);
        break;
      case 'age':
        age(message.millis);
        break;
      case 'long-freeze':
        lastAt = performance.now();
        freezeMillis = message.millis;
        Date.now = agedNow;
        break;
      default:
        onOrder(message.kind);
    }
  });
  process.on('disconnect', () => process.exit());
}

export function ask(kind: 'load' | 'commit', key: string): Promise<number> {
  const id = ++asked;
  return new Promise((resolve) => {
    answers.set(id, resolve);
    send({ kind, id, key });
  });
}

export const load = async (key: string): Promise<DrillValue> => ({
  key,
  version: await ask('load', key),
  padding: PADDING,
});

/** Calls and writes down what came of it; what it throws is the handler's failure. */
export async function recorded<T>(
  op: Operation,
  key: string,
  call: () => Promise<T>,
): Promise<T | undefined> {
  const token = {};
  const startedAt = machineMillis();
  inFlight.add(token);
  let result: T | undefined;
  let error: string | undefined;
  try {
    result = await call();
  } catch (thrown) {
    error = String(thrown);
  }
  inFlight.delete(token);
  const version = op === 'delete' || error !== undefined ? undefined : versionOf(key, result);
  calls.push({ op, key, startedAt, endedAt: machineMillis(), version, error });
  if (calls.length >= REPORT_EVERY) report();
  return result;
}

/** Another key's value, or one that is no value of a drill, was never written to this key. */
function versionOf(key: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const { key: of, version, padding } = value as Partial<DrillValue>;
  return of === key && typeof version === 'number' && padding === PADDING ? version : -1;
}

/** How many calls have not come back. */
export const hanging = (): number => inFlight.size;

export function report(): void {
  send({ kind: 'calls', calls });
  calls = [];
}

/** The channel to the parent is one. */
const socketsAtStart = openSockets();

/**
 * Sockets that were not there at the start, whether or not they would keep this process alive (idle ones do not), and what
 * would.
 */
export async function leftOpen(): Promise<string[]> {
  // A handle that was closed is gone after its callback.
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
  const alive = process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Timeout|GetAddrInfo/.test(name));
  return [...alive, ...Array<string>(Math.max(0, openSockets() - socketsAtStart)).fill('socket')];
}

function openSockets(): number {
  const folder = '/proc/self/fd';
  return readdirSync(folder).filter((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`).startsWith('socket:');
    } catch {
      // The one that reads the folder.
      return false;
    }
  }).length;
}

/** Told of the client's events. */
export const logger: CacheLogger = {
  debug: () => {},
  info: (message, details) => {
    if (message !== 'cache nodes') return;
    const { version, nodes } = details as { version: string; nodes: readonly string[] };
    send({ kind: 'topology', version, nodes });
  },
  warn: (message, details) => {
    if (message !== 'cache node is down') return;
    send({ kind: 'node-down', node: String(details?.node), at: machineMillis() });
  },
};

const systemNow = Date.now;
let agedMillis = 0;
/** What the next freeze is to seem to last, and when the time was asked last. */
let freezeMillis = 0;
let lastAt = 0;

/** Whoever asks first after a freeze is told the later time already, as after a real one. */
function agedNow(): number {
  const at = performance.now();
  if (freezeMillis > 0 && at - lastAt > LEAST_FREEZE_MILLIS) {
    agedMillis += freezeMillis;
    freezeMillis = 0;
  }
  lastAt = at;
  return systemNow() + agedMillis;
}

/**
 * The time of day runs fast until `millis` have passed. Not at once: a connection with calls in flight would seem to have
 * lain idle all the while, and be replaced.
 */
export function age(millis: number): void {
  let left = millis;
  Date.now = agedNow;
  const ticks = setInterval(() => {
    const step = Math.min(left, AGE_STEP_MILLIS);
    agedMillis += step;
    left -= step;
    if (left <= 0) clearInterval(ticks);
  }, AGE_TICK_MILLIS).unref();
}

/** Sockets look names up by `dns.lookup`, which is replaced: other names are not found. */
export function knowOnly(names: Names): void {
  type Found = (error: Error | null, address?: string | readonly object[], family?: number) => void;
  const lookup = (host: string, options: { readonly all?: boolean }, found: Found): void => {
    const address = names[host];
    process.nextTick(() => {
      if (address === undefined) {
        const text = `getaddrinfo ENOTFOUND ${host}`;
        found(Object.assign(new Error(text), { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: host }));
      } else if (options.all) found(null, [{ address, family: 4 }]);
      else found(null, address, 4);
    });
  };
  dns.lookup = lookup as typeof dns.lookup;
}
