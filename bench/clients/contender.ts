/** One client, as the load sees it. What a call resolves to is the client's own affair. */
export interface Contender {
  get(key: string): Promise<unknown>;
  set(key: string, value: Buffer): Promise<unknown>;
  getMany(keys: readonly string[]): Promise<unknown>;
  /** The value in what `get` gave; `undefined` for a miss and for a failure. */
  valueIn(reply: unknown): Buffer | string | undefined;
  isStored(reply: unknown): boolean;
  /** How many values are in what `getMany` gave. */
  hitsIn(reply: unknown): number;
}

export const TTL_SECONDS = 3_600;

/** A callback-style call as a promise. */
export function called<T>(call: (done: (error: unknown, reply?: T) => void) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    call((error, reply) => (error ? reject(error) : resolve(reply)));
  });
}

export function textOrBytes(value: unknown): Buffer | string | undefined {
  return typeof value === 'string' || Buffer.isBuffer(value) ? value : undefined;
}
