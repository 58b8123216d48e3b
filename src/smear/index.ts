export type { Route, SingleRoute, SmearedRoute, VariantsRoute } from './route.ts';
export { Router } from './router.ts';
export { DEFAULT_COPIES, type Placement, type SmearRule, SmearRules } from './rules.ts';
