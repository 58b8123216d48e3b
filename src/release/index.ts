// The public entry `smearcache/release`: what a deployment's hooks compare, as pure functions of reports and figures.

export { CHECK_FIELD, type NodeReport, type SelfCheckReport } from '../base/self-check-report.ts';
export { type CachePair, compareCaches, pairCaches } from './caches.ts';
export { type Comparison, compareReports } from './compare.ts';
export type { ConfigurationOnly } from './configuration.ts';
export { compareFigures, type Figures } from './figures.ts';
export { type Budget, type Finding, refuse, type Verdict, warning } from './findings.ts';
export { reportIn } from './report.ts';
