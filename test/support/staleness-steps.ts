import fc from 'fast-check';
import type { Millis, Seconds } from '../../src/base/units.ts';
import type { ClientCache } from '../../src/client/client-cache.ts';
import { Course, type Fate } from './staleness-node.ts';
import type { Promises, ReadKind } from './staleness-promises.ts';
import { DOWN_BOUND_MILLIS, KEY, type Loading, type ProcessName, type World } from './staleness-world.ts';

/** What `chance` draws: the base, the first copy, the second. */
export const BASE = 0;
export const FIRST_COPY = 0.4;
export const SECOND_COPY = 0.9;
export const PLACES = [BASE, FIRST_COPY, SECOND_COPY];

/** No item lives longer. */
export const LONGEST_TTL_SECONDS: Seconds = 10;

/** Whose operation it is, what becomes of its calls in their order, and what chance draws for it. */
export interface Operation {
  readonly process: ProcessName;
  readonly fates: readonly Fate[];
  readonly chance: number;
}

export interface Wrap extends Operation {
  readonly ttlSeconds: Seconds;
  readonly staleSeconds: Seconds;
  readonly loading: Loading;
  readonly withSignal: boolean;
}

const LOAD_AT_ONCE: Loading = { held: 'no', comesTo: 'value' };
export const PLAIN_WRAP: Omit<Wrap, keyof Operation> = {
  ttlSeconds: LONGEST_TTL_SECONDS,
  staleSeconds: 0,
  loading: LOAD_AT_ONCE,
  withSignal: false,
};

/** A step of a schedule, printed with its particulars when the schedule is found guilty. */
export class Step<P extends object = object> implements fc.AsyncCommand<Promises, World> {
  readonly #name: string;
  readonly #parts: P;
  readonly #take: (world: World, promises: Promises) => Promise<void>;

  constructor(name: string, parts: P, take: (world: World, promises: Promises) => Promise<void>) {
    this.#name = name;
    this.#parts = parts;
    this.#take = take;
  }

  check(): boolean {
    return true;
  }

  async run(promises: Promises, world: World): Promise<void> {
    await this.#take(world, promises);
    promises.assertKept();
  }

  toString(): string {
    return `${this.#name} ${fc.stringify(this.#parts)}`;
  }
}

/** A read must give a version that the promises allow to a read which starts now, however late it ends. */
async function reads(
  kind: ReadKind,
  { process, fates, chance }: Operation,
  [world, promises]: [World, Promises],
  read: (cache: ClientCache) => Promise<number | undefined>,
): Promise<void> {
  const environment = world.environment(process);
  const startedOn = world.time.wall();
  const started = promises.readStarts(kind, environment);
  await world.start(`${kind} by ${process}`, new Course(fates, chance), async () => {
    const version = await read(environment.invocation());
    started.ended(version, environment.sawOwnerDown(startedOn) ? DOWN_BOUND_MILLIS : undefined);
  });
}

export const get = (parts: Operation) =>
  new Step('get', parts, (...place) => reads('get', parts, place, (cache) => cache.get<number>(KEY)));

export const consistentGet = (parts: Operation) =>
  new Step('consistent get', parts, (...place) =>
    reads('consistent get', parts, place, (cache) => cache.get<number>(KEY, { consistentRead: true })),
  );

export const getMany = (parts: Operation) =>
  new Step('getMany', parts, (...place) =>
    reads('getMany', parts, place, async (cache) => (await cache.getMany<number>([KEY])).hits.get(KEY)),
  );

export const wrap = (parts: Wrap) => new Step('wrap', parts, (...place) => wraps(parts, place));

function wraps(parts: Wrap, place: [World, Promises]): Promise<void> {
  const { ttlSeconds, staleSeconds, loading, withSignal } = parts;
  const signal = withSignal ? new AbortController().signal : undefined;
  // A loader may give nothing; the type of a cached value does not say so.
  const load = async (): Promise<number> => (await place[0].load(loading))!;
  return reads('wrap', parts, place, (cache) => cache.wrap(KEY, load, { ttlSeconds, staleSeconds, signal }));
}

/** An undisturbed moment: the base is loaded where it is missing, then some copies or none are read. */
export const round = (parts: { readonly process: ProcessName; readonly copies: number }) =>
  new Step('round', parts, async (...place) => {
    for (const chance of PLACES.slice(0, parts.copies + 1)) {
      await wraps({ ...PLAIN_WRAP, process: parts.process, fates: [], chance }, place);
    }
  });

/** The origin first, then the delete: a process that is frozen in between holds the first call. */
export const write = (parts: Operation) =>
  new Step('write', parts, async (world, promises) => {
    const { process, fates, chance } = parts;
    const environment = world.environment(process);
    const version = ++world.version;
    await world.start(`write by ${process}`, new Course(fates, chance), async () => {
      const { kind } = await environment.invocation().delete(KEY);
      if (kind !== 'unavailable') promises.acknowledged(version, environment);
    });
  });

export const tick = (millis: Millis) => new Step('tick', { millis }, ({ time }) => time.advance(millis));

/** One of the held steps is taken now. */
export const thaw = (which: number) => new Step('thaw', { which }, ({ time }) => time.thaw(which));

export const endInvocation = (parts: { readonly process: ProcessName }) =>
  new Step('end of invocation', parts, (world) => {
    world.leaveBehind(parts.process);
    return world.start('the end of an invocation', new Course([], BASE), () =>
      world.environment(parts.process).endInvocation(),
    );
  });

/** Promotes or demotes the key in one process, as a release does: other processes do not know. */
export const deploy = (parts: { readonly process: ProcessName; readonly smeared: boolean }) =>
  new Step('deploy', parts, async (world) => world.deploy(parts.process, parts.smeared));

/** The process reads the hot list: the key is hot, or is hot no more. */
export const learn = (parts: { readonly process: ProcessName; readonly hot: boolean }) =>
  new Step('list read', parts, async (world) => world.learn(parts.process, parts.hot));

export const loseNode = (parts: { readonly node: number; readonly millis: Millis }) =>
  new Step('node loss', parts, async ({ nodes, time }) => {
    const node = nodes[parts.node]!;
    node.down = true;
    time.after(parts.millis, () => {
      node.down = false;
    });
  });

export const evict = (parts: { readonly node: number }) =>
  new Step('eviction', parts, async ({ nodes }) => nodes[parts.node]!.evict());
