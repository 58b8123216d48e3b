export type { Route, SmearedRoute, VariantsRoute } from './route.ts';
export { Router } from './router.ts';
export { DEFAULT_COPIES, type Placement, type SmearRule, SmearRules } from './rules.ts';
