import { Command } from 'commander';
import { buildRing, type Ring } from '../../ring/index.ts';
import { viewCluster } from '../nodes/cluster-view.ts';
import { type ConnectionFlags, list, wholeNumber, withConnection } from '../nodes/connection-options.ts';
import { parseWeights, weighted } from '../nodes/node-texts.ts';
import { paletteOf } from '../screen/palette.ts';
import { report } from '../screen/report.ts';
import type { World } from '../world.ts';
import { planLines, planRing } from './plan.ts';
import { ringLines, ringReport } from './show.ts';
import { resolveIps, whereIs, whereLines } from './where.ts';

interface RingFlags extends ConnectionFlags {
  readonly json?: boolean;
  readonly weights?: string[];
}

interface PlanFlags extends RingFlags {
  readonly add?: string[];
  readonly remove?: string[];
  readonly currentWeights?: string[];
}

export function ringCommand(world: World): Command {
  const { stdout, environment } = world;
  const palette = paletteOf(stdout, environment);

  const show = withConnection(new Command('show'))
    .description('nodes, arcs and fingerprint (what `smearcache ring` alone shows)')
    .option('--weights <list>', 'the weights of nodes, host:port=2,…; 1 for the others', list)
    .option('--json', 'print JSON')
    .action(async (flags: RingFlags) => {
      const view = await viewCluster(flags, world);
      const { dialect } = view.options;
      const nodes = weighted(
        await resolveIps(view.nodes, [dialect]),
        weightsOf(flags.weights, '--weights'),
        '--weights',
      );
      const value = ringReport(buildRing(nodes, { dialect }), view);
      report(stdout, flags, value, () => ringLines(value, palette));
    });

  const where = withConnection(new Command('where'))
    .description('the owner and the copies of a key in each dialect')
    .argument('<key>', 'as the application gives it; namespace and schema come before it')
    .option(
      '--copies <number>',
      'how many nodes hold a hot key, the owner among them (default: 8)',
      wholeNumber,
    )
    .option('--weights <list>', 'the weights of nodes, host:port=2,…; 1 for the others', list)
    .option('--json', 'print JSON')
    .action(async (key: string, flags: RingFlags & { copies?: number }) => {
      const view = await viewCluster(flags, world);
      const nodes = weighted(view.nodes, weightsOf(flags.weights, '--weights'), '--weights');
      const value = await whereIs(key, { ...view, nodes }, flags.copies);
      report(stdout, flags, value, () => whereLines(value, palette));
    });

  const plan = withConnection(new Command('plan'))
    .description('what a change of the nodes would move, before it is made')
    .option('--add <list>', 'nodes to come, host:port or host:port=weight', list)
    .option('--remove <list>', 'nodes to go', list)
    .option('--weights <list>', 'weights after the change, host:port=2,…', list)
    .option('--current-weights <list>', 'weights before it, where they are not 1', list)
    .option('--json', 'print JSON')
    .action(async (flags: PlanFlags) => {
      const view = await viewCluster(flags, world);
      const { dialect } = view.options;
      const now = weighted(
        view.nodes,
        weightsOf(flags.currentWeights, '--current-weights'),
        '--current-weights',
      );
      const ring = (nodes: typeof now): Promise<Ring> =>
        resolveIps(nodes, [dialect]).then((resolved) => buildRing(resolved, { dialect }));
      const value = await planRing(now, flags, ring);
      report(stdout, flags, value, () => planLines(value, palette));
    });

  return new Command('ring')
    .description('where keys belong: nodes, arcs, fingerprint; `where KEY`, `plan`')
    .addCommand(show, { isDefault: true })
    .addCommand(where)
    .addCommand(plan);
}

const weightsOf = (entries: readonly string[] | undefined, flag: string): ReadonlyMap<string, number> =>
  parseWeights(entries ?? [], flag);
