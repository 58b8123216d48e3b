declare module 'hashring' {
  class HashRing {
    constructor(servers: readonly string[], algorithm?: string, options?: Readonly<Record<string, unknown>>);
    /** The LRU in front of every look-up. */
    cache: { get(key: string): string | undefined; set(key: string, server: string): void };
    get(key: string): string;
    range(key: string, size: number): readonly string[];
  }
  export = HashRing;
}
