import type { SelfCheckReport } from '../base/self-check-report.ts';
import { type Budget, type Finding, listed, percent, refuse, warning } from './findings.ts';
import { isWell, type Moved } from './moved-share.ts';

/** Whether the new version has nodes, and can use each of them. */
export function nodeFindings(live: SelfCheckReport, next: SelfCheckReport): Finding[] {
  if (next.topology === null || next.nodes.length === 0) {
    const why = next.problem === undefined ? '' : ` (${next.problem})`;
    return [
      refuse(
        `the new version found no nodes${why}: check its discovery options, its subnets and its security group`,
      ),
    ];
  }
  const wellBefore = new Set(live.nodes.filter(isWell).map(({ name }) => name));
  const known = new Set(live.nodes.map(({ name }) => name));
  const noneIsWell = !next.nodes.some(isWell);
  return next.nodes
    .filter((node) => !isWell(node))
    .map(({ name, reachable, writeReadDelete }) => {
      const fault = reachable
        ? `the new version reaches node ${name} but cannot write, read and delete there`
        : `the new version does not reach node ${name}`;
      // What ails both is no fault of the release, which may be what mends it.
      if (!noneIsWell && known.has(name) && !wellBefore.has(name)) {
        return warning(`${fault} (${writeReadDelete}), nor does the live one: see to the node`);
      }
      return refuse(
        `${fault} (${writeReadDelete}): let its security group and subnets reach the node, or wait until the node is ` +
          'back, and deploy again',
      );
    });
}

/** `keys`: those that have other owners; `undefined` where that cannot be told. */
export function ringFindings(
  live: SelfCheckReport,
  next: SelfCheckReport,
  keys: Moved | undefined,
  budget: Budget,
): Finding[] {
  if (keys?.share === 0 || next.topology === null) return [];
  if (keys === undefined || live.topology === null) {
    return [warning('the live version found no nodes, so the share of keys that move cannot be told')];
  }
  const moved = `${percent(keys.share)} of the keys would move to other nodes`;
  if (keys.share <= budget.movedShare) {
    return [warning(`${moved}, within the budget of ${percent(budget.movedShare)}: ${reasonOf(live, next)}`)];
  }
  // What the live version cannot use holds nothing that could be lost, and the release may be what mends it.
  if (keys.lost <= budget.movedShare) {
    return [
      warning(
        `${moved}, and all but ${percent(keys.lost)} come from nodes that the live version cannot use: be sure that ` +
          'the nodes of the new version are the right ones',
      ),
    ];
  }
  return [
    refuse(
      `${moved}, and the budget is ${percent(budget.movedShare)}: ${reasonOf(live, next)}, or raise the budget for ` +
        'this release if the origin bears that share of reads as misses',
    ),
  ];
}

/** Why keys move, and how to keep them where they are. */
function reasonOf(live: SelfCheckReport, next: SelfCheckReport): string {
  if (live.dialect !== next.dialect) {
    return `the dialect changes from ${live.dialect} to ${next.dialect}; keep it`;
  }
  const [before, after] = [live.topology!, next.topology!];
  const gone = before.nodes.filter((name) => !after.nodes.includes(name));
  const added = after.nodes.filter((name) => !before.nodes.includes(name));
  if (gone.length + added.length === 0)
    return 'the weights, addresses or order of the nodes change; keep them';
  const changes = [
    ...(gone.length > 0 ? [`no more ${listed(gone)}`] : []),
    ...(added.length > 0 ? [`also ${listed(added)}`] : []),
  ];
  return (
    `the new version sees ${listed(changes)} (list ${before.version} and ${after.version}); deploy again in a ` +
    'minute if the cluster was scaled just now, else point both versions at one cluster'
  );
}
