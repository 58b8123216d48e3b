/**
 * What a deployment's hooks compare, as pure functions of reports and figures.
 *
 * @module smearcache/release
 */

export type { NodeReport, SelfCheckReport } from '../base/self-check-report.ts';
export { type Comparison, type ConfigurationOnly, compareReports } from './compare.ts';
export { compareFigures, type Figures } from './figures.ts';
export type { Budget, Finding, Verdict } from './findings.ts';
export { reportIn } from './report.ts';
