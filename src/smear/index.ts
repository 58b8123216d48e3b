export type { Route, SingleRoute, SmearedRoute, VariantsRoute } from './route.ts';
export { type HotSpread, Router } from './router.ts';
export { DEFAULT_COPIES, type Placement, type SmearRule, SmearRules } from './rules.ts';
export { type HotLoad, readWeights } from './weights.ts';
