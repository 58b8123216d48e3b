export { isDue, isEvident, LEAST_SAMPLES, uncertainty, WINDOW_SECONDS } from './evidence.ts';
export {
  decodeHotList,
  encodeHotList,
  type HotKey,
  type HotList,
  isBehind,
  MOST_HOLD_SECONDS,
  MOST_HOT_KEYS,
  mergeHotLists,
  NO_HOT_KEYS,
  withHotKeys,
} from './hot-list.ts';
export {
  copiesOf,
  DEFAULT_HOT_RULES,
  HOLD_SECONDS,
  type HotRules,
  hotAbove,
  KEEP_PART,
  loadOf,
} from './thresholds.ts';
