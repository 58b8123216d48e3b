import type { Clock } from '../base/clock.ts';
import { type Counters, newCounters } from './counters.ts';
import { Faults } from './faults.ts';
import { ItemStore } from './item-store.ts';
import { ServerTime } from './server-time.ts';

export interface NodeStateOptions {
  readonly clock: Clock;
  readonly version: string;
  readonly itemSizeMaxBytes: number;
  /** What `config get cluster` answers between its first line and `END`; undefined for an `ERROR`. */
  readonly clusterConfig: () => string | undefined;
}

/** All that the commands of one node act on; no sockets. */
export class NodeState {
  readonly time: ServerTime;
  readonly counters: Counters = newCounters();
  readonly faults = new Faults();
  readonly store: ItemStore;
  readonly itemSizeMaxBytes: number;
  readonly version: string;
  readonly clusterConfig: () => string | undefined;
  /** Below 1.6.10 there were no meta commands, or only a draft of them that nobody should speak. */
  readonly speaksMeta: boolean;
  /** 1.6.12 answers a bare `EN` on a miss: no opaque, no key. */
  readonly echoesOnMiss: boolean;
  connections = 0;

  constructor({ clock, version, itemSizeMaxBytes, clusterConfig }: NodeStateOptions) {
    this.time = new ServerTime(clock);
    this.itemSizeMaxBytes = itemSizeMaxBytes;
    this.version = version;
    this.clusterConfig = clusterConfig;
    this.speaksMeta = isAtLeast(version, [1, 6, 10]);
    this.echoesOnMiss = isAtLeast(version, [1, 6, 13]);
    this.store = new ItemStore({
      now: () => this.time.now(),
      counters: this.counters,
      itemSizeMaxBytes,
      outOfMemory: () => this.faults.take('out-of-memory') !== undefined,
    });
  }

  resetCounters(): void {
    Object.assign(this.counters, newCounters());
  }
}

function isAtLeast(version: string, floor: readonly number[]): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, least] of floor.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}
