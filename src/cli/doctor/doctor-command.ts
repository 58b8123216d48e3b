import { Command } from 'commander';
import { buildRing, nodeName } from '../../ring/index.ts';
import { type ClusterView, viewCluster } from '../nodes/cluster-view.ts';
import {
  type ConnectionFlags,
  timeOption,
  wholeNumber,
  withConnection,
} from '../nodes/connection-options.ts';
import { resolveIps } from '../ring/where.ts';
import { listed, plural } from '../screen/figures.ts';
import { type Palette, paletteOf } from '../screen/palette.ts';
import { printable } from '../screen/printable.ts';
import { progress } from '../screen/progress.ts';
import { report } from '../screen/report.ts';
import { wrapped } from '../screen/wrapped.ts';
import { CommandFailure, Found, type World } from '../world.ts';
import { type Examination, examine } from './examination.ts';
import { CHECKS, type DoctorFinding, type Level, worstOf } from './finding.ts';
import { clockCheck, connections, evictions, itemSize, type Plan, skew } from './load-checks.ts';
import { engine, reachability, roundTrip, tlsCheck } from './reach-checks.ts';

interface DoctorFlags extends ConnectionFlags {
  readonly json?: boolean;
  readonly environments?: number;
  readonly threads: number;
  readonly itemSize?: number;
  readonly for: number;
  readonly allowWarnings?: boolean;
}

export function doctorCommand(world: World): Command {
  return withConnection(new Command('doctor'))
    .description('is this cluster fit? Each finding says what to do; exit code 1 where there is one')
    .option('--environments <number>', 'Lambda environments that will run at once', wholeNumber)
    .option('--threads <number>', 'worker threads of each, with sockets of their own', wholeNumber, 1)
    .option('--item-size <bytes>', 'your largest value', wholeNumber)
    .addOption(timeOption('--for <time>', 'how long evictions and reads are watched', 5_000, '5s'))
    .option('--allow-warnings', 'exit code 0 where there are only warnings')
    .option('--json', 'print JSON')
    .action(async (flags: DoctorFlags) => {
      const view = await viewCluster(flags, world);
      const done = progress(
        world,
        `asking ${plural(view.nodes.length, 'node')}, watching for ${flags.for / 1000} s …`,
      );
      const examinations = await examine(view, world, flags.for);
      done();
      // Half of what was to be watched would be told as all of it.
      if (world.interrupted.aborted) throw new CommandFailure('interrupted');
      const findings = await diagnose(view, examinations, flags);
      const worst = worstOf(findings);
      const { source, version } = view;
      report(
        world.stdout,
        flags,
        { source, version, worst, findings, nodes: examinations.map(inShort) },
        () =>
          doctorLines(
            view,
            findings,
            paletteOf(world.stdout, world.environment),
            world.stdout.columns ?? Number.POSITIVE_INFINITY,
          ),
      );
      if (worst === 'failure' || (worst === 'warning' && !flags.allowWarnings)) throw new Found();
    });
}

async function diagnose(
  view: ClusterView,
  all: readonly Examination[],
  plan: Plan,
): Promise<DoctorFinding[]> {
  const tls = view.options.tls !== undefined;
  const { dialect } = view.options;
  const ring = buildRing(await resolveIps(view.nodes, [dialect]), { dialect });
  const shares = ring.arcs();
  const arcs = new Map(ring.nodes.map((node, i) => [nodeName(node), shares[i]!]));
  return [
    ...reachability(all, tls),
    ...roundTrip(all),
    ...tlsCheck(all, tls),
    ...engine(all),
    ...connections(all, plan),
    ...itemSize(all, plan),
    ...evictions(all),
    ...skew(all, arcs),
    ...clockCheck(all),
  ];
}

/** What of an examination is worth keeping in JSON. */
function inShort({ samples, settings, ...facts }: Examination): object {
  return { ...facts, ...(samples.length > 0 && { stats: Object.fromEntries(samples.at(-1)!.stats) }) };
}

const MARKS: Readonly<Record<Level, { readonly mark: string; readonly style: keyof Palette }>> = {
  ok: { mark: '✔', style: 'green' },
  unknown: { mark: '?', style: 'dim' },
  warning: { mark: '!', style: 'yellow' },
  failure: { mark: '✖', style: 'red' },
};
const CHECK_WIDTH = Math.max(...CHECKS.map((check) => check.length));

function doctorLines(
  { source, version, nodes }: ClusterView,
  findings: readonly DoctorFinding[],
  palette: Palette,
  columns: number,
): string[] {
  const { bold, dim } = palette;
  const indent = ' '.repeat(CHECK_WIDTH + 4);
  const lines = findings.flatMap(({ check, level, says, todo, nodes: about }) => {
    const { mark, style } = MARKS[level];
    const named =
      about === undefined || about.every((node) => says.includes(node)) ? '' : ` (${listed(about)})`;
    return [
      `${palette[style](mark)} ${check.padEnd(CHECK_WIDTH)}  ${wrapped(printable(says + named), columns - indent.length, indent)}`,
      ...(todo === undefined
        ? []
        : [
            `${indent}${palette[style]('→')} ${wrapped(printable(todo), columns - indent.length - 2, `${indent}  `)}`,
          ]),
    ];
  });
  return [
    `${bold(plural(nodes.length, 'node'))} of ${source}, list version ${version}`,
    '',
    ...lines,
    '',
    dim(summary(findings)),
  ];
}

function summary(findings: readonly DoctorFinding[]): string {
  const many = (level: Level): number => findings.filter((finding) => finding.level === level).length;
  if (many('failure') + many('warning') === 0) return 'Fit: nothing to do.';
  return `${plural(many('failure'), 'failure')}, ${plural(many('warning'), 'warning')}.`;
}
