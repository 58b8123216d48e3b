import { BatchLoads } from './batch-loads.ts';
import type { BatchLoader } from './cache.ts';
import type { Calls } from './calls.ts';
import type { ClientCore } from './client-core.ts';
import { readThrough } from './read-through.ts';
import type { Wanted, WantedOfAll } from './wanted.ts';

/**
 * `readThrough` for each key, side by side, with one loader for all that must be loaded. In the order of `keys`; keys
 * without a value are left out.
 */
export async function readThroughMany<T>(
  core: ClientCore,
  calls: Calls,
  keys: ReadonlySet<string>,
  load: BatchLoader<T>,
  options: WantedOfAll<T>,
): Promise<Map<string, T>> {
  const loads = new BatchLoads(keys, load);
  const read = async (key: string): Promise<T | undefined> => {
    const decided = (): void => loads.decided(key);
    try {
      const wanted = { ...options, key, load: () => loads.of(key), onWait: decided } as Wanted<T | undefined>;
      return await readThrough(core, calls, wanted, ({ value }) => value);
    } finally {
      decided();
    }
  };
  const values = await Promise.all(Array.from(keys, async (key) => [key, await read(key)] as const));
  return new Map(values.filter(([, value]) => value !== undefined) as [string, T][]);
}
