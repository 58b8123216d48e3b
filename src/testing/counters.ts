/** What memcached counts and we count alike, under the names of its `stats` command and in its order. */
export interface Counters {
  total_connections: number;
  rejected_connections: number;
  cmd_get: number;
  cmd_set: number;
  cmd_flush: number;
  cmd_touch: number;
  cmd_meta: number;
  get_hits: number;
  get_misses: number;
  get_expired: number;
  get_flushed: number;
  delete_misses: number;
  delete_hits: number;
  incr_misses: number;
  incr_hits: number;
  decr_misses: number;
  decr_hits: number;
  cas_misses: number;
  cas_hits: number;
  cas_badval: number;
  touch_hits: number;
  touch_misses: number;
  store_too_large: number;
  store_no_memory: number;
  bytes_read: number;
  bytes_written: number;
  total_items: number;
}

export function newCounters(): Counters {
  return {
    total_connections: 0,
    rejected_connections: 0,
    cmd_get: 0,
    cmd_set: 0,
    cmd_flush: 0,
    cmd_touch: 0,
    cmd_meta: 0,
    get_hits: 0,
    get_misses: 0,
    get_expired: 0,
    get_flushed: 0,
    delete_misses: 0,
    delete_hits: 0,
    incr_misses: 0,
    incr_hits: 0,
    decr_misses: 0,
    decr_hits: 0,
    cas_misses: 0,
    cas_hits: 0,
    cas_badval: 0,
    touch_hits: 0,
    touch_misses: 0,
    store_too_large: 0,
    store_no_memory: 0,
    bytes_read: 0,
    bytes_written: 0,
    total_items: 0,
  };
}

/** `mg`, `get` and `gat` count alike: one with a new TTL is a touch, one without is a get. */
export function countRead(counters: Counters, { hit, touched }: { hit: boolean; touched: boolean }): void {
  if (touched) {
    counters.cmd_touch++;
    if (hit) counters.touch_hits++;
    else counters.touch_misses++;
  } else {
    counters.cmd_get++;
    if (hit) counters.get_hits++;
    else counters.get_misses++;
  }
}

/** Up or down. */
export type Direction = 1n | -1n;

export function countDeltaMiss(counters: Counters, direction: Direction): void {
  if (direction === 1n) counters.incr_misses++;
  else counters.decr_misses++;
}
