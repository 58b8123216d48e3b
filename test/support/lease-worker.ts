// A process of its own that reads through a cache, told what to do by its parent.
import type { Cache } from '../../src/client/cache.ts';
import type { CacheOptions } from '../../src/client/options.ts';
import { createCache } from '../../src/create-cache.ts';

export type WorkerOrder =
  | { readonly kind: 'open'; readonly options: CacheOptions }
  /** So many reads at once; the loader gives `value` after `loadMillis`, or never. */
  | {
      readonly kind: 'wrap';
      readonly key: string;
      readonly callers: number;
      readonly value: string;
      readonly loadMillis: number;
    };

export type WorkerReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'loading' }
  | { readonly kind: 'done'; readonly values: readonly unknown[]; readonly loads: number };

let cache: Cache | undefined;

const report = (message: WorkerReport): void => void process.send?.(message);

process.on('message', (order: WorkerOrder) => void obey(order));
process.once('disconnect', () => process.exit());

async function obey(order: WorkerOrder): Promise<void> {
  if (order.kind === 'open') {
    cache = createCache(order.options);
    // The connections stand before the race begins.
    await Promise.all(Array.from({ length: 40 }, (_, i) => cache!.get(`warm:${i}`)));
    return report({ kind: 'ready' });
  }
  let loads = 0;
  const load = (): Promise<string> => {
    loads++;
    report({ kind: 'loading' });
    return new Promise((resolve) => {
      if (Number.isFinite(order.loadMillis)) setTimeout(resolve, order.loadMillis, order.value);
    });
  };
  const values = await Promise.all(
    Array.from({ length: order.callers }, () => cache!.wrap(order.key, load, { ttlSeconds: 60 })),
  );
  report({ kind: 'done', values, loads });
}
