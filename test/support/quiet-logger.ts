import type { CacheLogger } from '../../src/client/options.ts';

export const quietLogger: CacheLogger = { debug: () => {}, info: () => {}, warn: () => {} };
