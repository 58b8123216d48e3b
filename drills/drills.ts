import type { Drill } from './drill.ts';
import { configDown, configLies } from './scenarios/config.ts';
import { crowd } from './scenarios/crowd.ts';
import { freeze, names } from './scenarios/environments.ts';
import { connections, memory } from './scenarios/limits.ts';
import { kill, restart, stop } from './scenarios/nodes.ts';
import { loadsOfDeath, loadsOfGrowth } from './scenarios/origin-loads.ts';
import { add, remove, replace } from './scenarios/topology.ts';
import { cut, delay, garble, reset } from './scenarios/wire.ts';

/** In the order in which they run. */
export const DRILLS: readonly Drill[] = [
  kill,
  stop,
  restart,
  add,
  remove,
  replace,
  configDown,
  configLies,
  cut,
  reset,
  delay,
  garble,
  freeze,
  names,
  connections,
  memory,
  crowd,
  loadsOfGrowth,
  loadsOfDeath,
];
