import type { NodeState } from './node-state.ts';

const MEMORY_LIMIT_BYTES = 64 * 1024 * 1024;

/** What `stats` lists. Only what a stand-in can know: nothing of slabs, LRUs and threads. */
export function generalStats(state: NodeState): (readonly [name: string, value: string | number])[] {
  const { counters, store, time, version } = state;
  return [
    ['pid', process.pid],
    ['uptime', time.uptime()],
    ['time', time.unix()],
    ['version', version],
    ['pointer_size', 64],
    ['curr_connections', state.connections],
    ...Object.entries(counters),
    ['limit_maxbytes', MEMORY_LIMIT_BYTES],
    ['threads', 1],
    ['bytes', store.bytes],
    ['curr_items', store.size],
    ['evictions', 0],
  ];
}

/** What `stats settings` lists. */
export function settingsStats(state: NodeState): (readonly [name: string, value: string | number])[] {
  return [
    ['maxbytes', MEMORY_LIMIT_BYTES],
    ['evictions', 'on'],
    ['cas_enabled', 'yes'],
    ['binding_protocol', 'auto-negotiate'],
    ['auth_enabled_sasl', 'no'],
    ['item_size_max', state.itemSizeMaxBytes],
    ['flush_enabled', 'yes'],
  ];
}
