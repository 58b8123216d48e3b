import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { CacheError } from '../base/errors.ts';
import type {
  CountOutcome,
  DeleteOutcome,
  StoreOutcome,
  TouchOutcome,
  UpdateOutcome,
} from '../base/outcome.ts';
import type { Seconds } from '../base/units.ts';
import type { Topology } from '../topology/index.ts';

/** What every call takes. */
export interface CallOptions {
  /** Once it aborts, the call is `unavailable` at once; what was sent is sent. Middy's handlers are given one. */
  readonly signal?: AbortSignal | undefined;
}

/** How to read. */
export interface GetOptions extends CallOptions {
  /** Reads the base, never a copy: what an acknowledged `set` or `delete` left there. Default `false`. */
  readonly consistentRead?: boolean | undefined;
}

/** How to store. */
export interface StoreOptions extends CallOptions {
  /** How long the item lives. Above 0; fractions are rounded up and more than 30 days are cut to 30 days. */
  readonly ttlSeconds: Seconds;
}

/** How to read through a loader. Times are in seconds. */
export interface WrapOptions<T = never> extends StoreOptions {
  /**
   * How long a value may still be served once its `ttlSeconds` are over: while it is renewed (by one reader, beside its
   * handler) and while the loader fails. 0 by default. With `ttlSeconds` no more than 30 days.
   */
  readonly staleSeconds?: Seconds | undefined;
  /**
   * How long "there is none" is kept, where the loader gives `undefined` or `null`. By default `undefined` is not
   * stored, and `null` is a value like others.
   */
  readonly negativeTtlSeconds?: Seconds | undefined;
  /**
   * A Standard Schema (zod, valibot, ArkType, ...). A cached value that it refuses is a miss, and is replaced; one that it
   * takes comes back as it makes it. What the loader gives is not validated.
   *
   * Source: https://standardschema.dev
   */
  readonly validate?: StandardSchemaV1<unknown, T> | undefined;
}

/** How to count. `by` is 1 where nothing is said; numbers are whole, from 0 to 2^53 - 1. */
export type CountOptions = CallOptions & { readonly by?: number | undefined } & (
    | {
        /** What to store, and for how long, where there is nothing to count: it is not counted further. */
        readonly initial: number;
        readonly ttlSeconds: Seconds;
      }
    | { readonly initial?: undefined; readonly ttlSeconds?: undefined }
  );

/** How to store what a compare-and-swap loop computed. */
export interface UpdateOptions extends StoreOptions {
  /** How often to start over where somebody else changes the item meanwhile, from 1 up. 5 by default. */
  readonly tries?: number | undefined;
}

/**
 * Gives the new value for the current one, or `undefined` to leave the item as it is. Called once a try, and each time
 * with a value of its own.
 */
export type Change<T> = (current: T | undefined) => T | undefined | Promise<T | undefined>;

/** What a read came to, in full. `node` is the `host:port` that was asked last. */
export type ReadResult<T> =
  | { readonly kind: 'hit'; readonly value: T; readonly node: string }
  /** A value past its freshness, served because there is no fresh one yet. */
  | { readonly kind: 'stale'; readonly value: T; readonly node: string }
  /** `node` is missing where the cache is disabled. */
  | { readonly kind: 'miss'; readonly node?: string }
  /** No node answered. Not a miss: the item may be there. */
  | { readonly kind: 'unavailable'; readonly error: CacheError; readonly node?: string };

/** What a read-through came to. `value` is the cached one, or what the loader gave on a miss or without a cache. */
export type ReadThroughResult<T> =
  | { readonly kind: 'hit' | 'stale'; readonly value: T; readonly node: string }
  | { readonly kind: 'miss'; readonly value: T; readonly node?: string }
  | { readonly kind: 'unavailable'; readonly value: T; readonly error: CacheError; readonly node?: string };

/** An honest partial result: each key that was asked for is in exactly one of the three. */
export interface ManyResult<T> {
  /** Values by key. */
  readonly hits: Map<string, T>;
  /** Keys of which their node says that it has nothing. */
  readonly misses: string[];
  /** Keys of which no node said anything. */
  readonly unavailable: string[];
}

/** Produces the value on a miss. What it throws reaches the caller of `wrap`; `undefined` is returned and not stored. */
export type Loader<T> = () => T | Promise<T>;

/**
 * Produces the values of all `keys` that are missing, as a Map or entries. A key without an entry, or with `undefined`,
 * has no value.
 */
export type BatchLoader<T> = (keys: string[]) => BatchLoaded<T> | Promise<BatchLoaded<T>>;
export type BatchLoaded<T> = Iterable<readonly [string, T | undefined]>;

/**
 * A smeared Ketama cache. Values are strings, bytes or whatever JSON can hold. Strings come back as they were, bytes of
 * any kind as a Buffer, all else as JSON makes it: a Date as its string, an instance as its fields. The type parameter is
 * the caller's claim and is not checked.
 *
 * No fault of the cache is ever thrown: reads give `undefined` or say `unavailable`, writes say so in their
 * outcome. Thrown are `TypeError`s for misuse, and what a loader throws.
 */
export interface Cache {
  /** The value, or `undefined` on a miss and where no node answered. */
  get<T = unknown>(key: string, options?: GetOptions): Promise<T | undefined>;
  /** All keys in one round trip a node, nodes side by side. */
  getMany<T = unknown>(keys: Iterable<string>, options?: GetOptions): Promise<ManyResult<T>>;
  /** What a read came to: hit, miss or unavailable, and which node said so. */
  read<T = unknown>(key: string, options?: GetOptions): Promise<ReadResult<T>>;
  /** `wrap` with its whole outcome. */
  read<T>(key: string, load: Loader<T>, options: WrapOptions<T>): Promise<ReadThroughResult<T>>;
  /**
   * The cached value; on a miss loads and stores it; with no node answering loads it only. Of all who miss at once, in
   * whatever environment, one loads; the others are served the stale value or wait for the fresh one.
   *
   * @throws LoadTimeoutError where the loader does not settle in time, and what it throws.
   */
  wrap<T>(key: string, load: Loader<T>, options: WrapOptions<T>): Promise<T>;
  /**
   * `wrap` for many keys, with one loader for those that must be loaded. Keys without a value are left out.
   *
   * @throws LoadTimeoutError where the loader does not settle in time, and what it throws.
   */
  wrapMany<T>(keys: Iterable<string>, load: BatchLoader<T>, options: WrapOptions<T>): Promise<Map<string, T>>;
  /** Stores the base and deletes the copies. Last writer wins. */
  set(key: string, value: unknown, options: StoreOptions): Promise<StoreOutcome>;
  /** `set` for each entry, side by side. */
  setMany(
    entries: Iterable<readonly [string, unknown]>,
    options: StoreOptions,
  ): Promise<Map<string, StoreOutcome>>;
  /**
   * Stores where there is nothing, else `refused`. This and the writes below act on the base alone: copies of a smeared
   * key that other processes read may be older by `copyTtlSeconds` and 3 s. Where one is `unavailable`, it may have
   * happened all the same: none but `touch` is sent twice.
   *
   * @throws TypeError for a key that has no base: `smear.placement: 'suffix'` and a rule that names it. So do they all.
   */
  add(key: string, value: unknown, options: StoreOptions): Promise<StoreOutcome>;
  /** Stores where there is an item, else `refused`. */
  replace(key: string, value: unknown, options: StoreOptions): Promise<StoreOutcome>;
  /**
   * Adds to a count, in one step for all who count. It is an item that holds a whole number, stored by `initial` or by
   * `set(key, 0, …)`, and `get` gives it as such. memcached counts in 64 bits and goes on at 0 behind 2^64 - 1.
   */
  increment(key: string, options?: CountOptions): Promise<CountOutcome>;
  /** Takes from a count, down to 0 and no further. */
  decrement(key: string, options?: CountOptions): Promise<CountOutcome>;
  /** Gives the item a new time to live, whatever it had left. */
  touch(key: string, options: StoreOptions): Promise<TouchOutcome>;
  /**
   * Replaces the value by what `change` makes of it, and only if nobody else changed it meanwhile (compare-and-swap), else
   * starts over. No update is lost to another. An item that cannot be read is given as `undefined`, and replaced.
   *
   * @throws LoadTimeoutError where `change` does not settle in time, and what it throws.
   */
  update<T>(key: string, change: Change<T>, options: UpdateOptions): Promise<UpdateOutcome<T>>;
  /**
   * Deletes the base and the copies, under this schema and those that `invalidates` names. `unavailable` where an
   * owner did not acknowledge: the old value may then live on until its time is over.
   */
  delete(key: string, options?: CallOptions): Promise<DeleteOutcome>;
  /** `delete` for each key, side by side. */
  deleteMany(keys: Iterable<string>, options?: CallOptions): Promise<Map<string, DeleteOutcome>>;
  /** A short hash of what decides where and how a key is stored, the node list aside: equal for equal options. */
  readonly fingerprint: string;
  /** The node list in use; `undefined` until it is known. */
  readonly topology: Topology | undefined;
  /**
   * Settles what is in flight and gives all sockets and timers back; later calls find the cache unavailable. The cache
   * of a handler only settles its own calls: the sockets are the environment's, and stay.
   */
  close(): Promise<void>;
}
