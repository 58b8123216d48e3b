declare module 'memcached' {
  type Done<T> = (error: unknown, reply?: T) => void;

  class Memcached {
    constructor(servers: readonly string[], options?: { readonly namespace?: string });
    get(key: string, done: Done<unknown>): void;
    set(key: string, value: unknown, lifetimeSeconds: number, done: Done<boolean>): void;
    getMulti(keys: readonly string[], done: Done<Record<string, unknown>>): void;
    end(): void;
  }
  export = Memcached;
}
