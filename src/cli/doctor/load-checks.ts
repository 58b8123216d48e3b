import { figure } from '../nodes/text-link.ts';
import { bytes, count, percent, plural } from '../screen/figures.ts';
import type { Examination, Sample } from './examination.ts';
import { type DoctorFinding, ok, unknown, wrong } from './finding.ts';

/** A fleet that grows by a fifth must still fit. */
const FULL_SHARE = 0.8;
/** Counts of fewer reads than this say nothing of how they are spread. */
const LEAST_READS = 1_000;
const SKEWED = 1.5;
const CLOCK_SECONDS = 5;

export interface Plan {
  readonly environments?: number;
  /** Worker threads an environment, each with sockets of its own. */
  readonly threads: number;
  /** The largest value, in bytes. */
  readonly itemSize?: number;
}

export function connections(all: readonly Examination[], { environments, threads }: Plan): DoctorFinding[] {
  const known = all.flatMap(({ node, settings, samples }) => {
    const stats = samples.at(-1)?.stats;
    const most = (settings && figure(settings, 'maxconns')) ?? (stats && figure(stats, 'max_connections'));
    return most === undefined || stats === undefined ? [] : [{ node, most, stats }];
  });
  if (known.length === 0) return cannotTell('connections', all, 'stats');
  const tightest = known.reduce((a, b) => (b.most < a.most ? b : a));
  const busiest = Math.max(...known.map(({ stats }) => figure(stats, 'curr_connections') ?? 0));
  const now = `${count(busiest)} open on the busiest node, ${count(tightest.most)} allowed`;
  const findings: DoctorFinding[] = [];
  const refused = known.filter(({ stats }) => turnedAway(stats) > 0);
  if (refused.length > 0) {
    const times = refused.reduce((sum, { stats }) => sum + turnedAway(stats), 0);
    const says = `connections were turned away ${count(times)} times since the nodes started (${now})`;
    findings.push(
      wrong(
        'warning',
        'connections',
        says,
        'raise maxconns, or run fewer environments at once (reserved concurrency)',
        refused.map(({ node }) => node),
      ),
    );
  }
  if (environments === undefined) {
    const fits = Math.floor(tightest.most / threads);
    findings.push(
      ok('connections', `${now}: room for ${count(fits)} environments (say --environments to check a plan)`),
    );
    return findings;
  }
  const needed = environments * threads;
  const each = threads === 1 ? '' : ` of ${threads} threads`;
  const says = `${count(environments)} environments${each} hold ${count(needed)} sockets on each node; ${tightest.node} allows ${count(tightest.most)}`;
  const todo = `raise maxconns (-c; ElastiCache fixes it at 65,000) or cap concurrency at ${count(Math.floor((tightest.most * FULL_SHARE) / threads))} environments; more nodes do not help`;
  if (needed > tightest.most) findings.push(wrong('failure', 'connections', says, todo, [tightest.node]));
  else if (needed > tightest.most * FULL_SHARE)
    findings.push(
      wrong('warning', 'connections', `${says}, which leaves less than a fifth`, todo, [tightest.node]),
    );
  else findings.push(ok('connections', says));
  return findings;
}

const turnedAway = (stats: Sample['stats']): number =>
  (figure(stats, 'rejected_connections') ?? 0) + (figure(stats, 'listen_disabled_num') ?? 0);

export function itemSize(all: readonly Examination[], { itemSize: largest }: Plan): DoctorFinding[] {
  const known = all.flatMap(({ node, settings }) => {
    const limit = settings && figure(settings, 'item_size_max');
    return limit === undefined ? [] : [{ node, limit }];
  });
  if (known.length === 0) return cannotTell('item size', all, 'stats settings');
  const least = known.reduce((a, b) => (b.limit < a.limit ? b : a));
  const most = Math.max(...known.map(({ limit }) => limit));
  const limits =
    least.limit === most
      ? `items of up to ${bytes(most)}`
      : `items of up to ${bytes(least.limit)} on ${least.node}, ${bytes(most)} elsewhere`;
  if (largest !== undefined && largest > least.limit) {
    return [
      wrong(
        'failure',
        'item size',
        `${limits}, and yours are up to ${bytes(largest)}: they are refused and loaded on every read`,
        `raise max_item_size (-I) to ${bytes(largest * 1.1)}, or store less under one key`,
        [least.node],
      ),
    ];
  }
  if (least.limit < most)
    return [
      wrong('warning', 'item size', limits, 'give all nodes the same -I: a value may move to another node', [
        least.node,
      ]),
    ];
  return [ok('item size', largest === undefined ? limits : `${limits}, yours are up to ${bytes(largest)}`)];
}

export function evictions(all: readonly Examination[]): DoctorFinding[] {
  const rates = ratesOf(all, 'evictions');
  if (rates.length === 0) return cannotTell('evictions', all, 'stats');
  const findings = all.flatMap(({ node, settings }) =>
    settings?.get('evictions') === 'off'
      ? [
          wrong(
            'warning',
            'evictions',
            `${node} never evicts (-M): once full it refuses writes`,
            'start it without -M',
            [node],
          ),
        ]
      : [],
  );
  const evicting = rates.filter(({ perSecond }) => perSecond > 0);
  const total = evicting.reduce((sum, { perSecond }) => sum + perSecond, 0);
  const fill = rates.map(
    ({ sample: { stats } }) => (figure(stats, 'bytes') ?? 0) / (figure(stats, 'limit_maxbytes') || 1),
  );
  const fullest = `the fullest node holds ${percent(Math.max(...fill))} of its memory`;
  if (evicting.length === 0) return [...findings, ok('evictions', `none while watched; ${fullest}`)];
  const says = `${count(total)} items a second are evicted before they expire; ${fullest}`;
  return [
    ...findings,
    wrong(
      'warning',
      'evictions',
      says,
      'add memory or nodes (`smearcache ring plan --add`), shorten times to live, or pack values',
      evicting.map(({ node }) => node),
    ),
  ];
}

export function skew(all: readonly Examination[], arcs: ReadonlyMap<string, number>): DoctorFinding[] {
  const rates = ratesOf(all, 'cmd_get');
  if (rates.length === 0) return cannotTell('skew', all, 'stats');
  if (rates.length === 1) return [ok('skew', 'one node bears all')];
  const watched = rates.reduce((sum, { gained }) => sum + gained, 0) >= LEAST_READS;
  // Too quiet to watch: what was counted since the nodes started, all over the same time.
  const loads = rates.map(({ node, perSecond, sample: { stats } }) => ({
    node,
    load: watched ? perSecond : (figure(stats, 'cmd_get') ?? 0) / Math.max(1, figure(stats, 'uptime') ?? 1),
    reads: figure(stats, 'cmd_get') ?? 0,
  }));
  if (!watched && loads.reduce((sum, { reads }) => sum + reads, 0) < LEAST_READS)
    return [unknown('skew', 'too few reads to tell how they are spread')];
  const mean = loads.reduce((sum, { load }) => sum + load, 0) / loads.length;
  const busiest = loads.reduce((a, b) => (b.load > a.load ? b : a));
  const ratio = busiest.load / mean;
  const explained = (arcs.get(busiest.node) ?? 0) * loads.length;
  const says = `${busiest.node} has ${ratio.toFixed(2)} times the mean of ${count(mean)} reads/s ${watched ? 'while watched' : 'since the nodes started'}; its arc explains ${explained.toFixed(2)}`;
  if (ratio < SKEWED) return [ok('skew', says)];
  if (explained > SKEWED)
    return [
      wrong('warning', 'skew', says, 'even the weights out, if that node is not meant to bear more', [
        busiest.node,
      ]),
    ];
  return [
    wrong(
      'warning',
      'skew',
      says,
      '`smearcache top` shows which keys are hot, and smearing them spreads their reads',
      [busiest.node],
    ),
  ];
}

export function clockCheck(all: readonly Examination[]): DoctorFinding[] {
  const offsets = all.flatMap(({ node, samples }) => {
    const sample = samples.at(-1);
    const time = sample && figure(sample.stats, 'time');
    // The node tells whole seconds; the middle of one is the best guess.
    return time === undefined ? [] : [{ node, seconds: time + 0.5 - sample!.wall / 1000 }];
  });
  if (offsets.length === 0) return cannotTell('clock', all, 'stats');
  const worst = offsets.reduce((a, b) => (Math.abs(b.seconds) > Math.abs(a.seconds) ? b : a));
  const off = offsets.filter(({ seconds }) => Math.abs(seconds) > CLOCK_SECONDS);
  if (off.length === 0) return [ok('clock', 'nodes and this machine agree within seconds')];
  const says = `${worst.node} is ${count(Math.abs(worst.seconds))} s ${worst.seconds > 0 ? 'ahead of' : 'behind'} this machine`;
  return [
    wrong(
      'warning',
      'clock',
      says,
      'look at the time service on both: lives are counted from now and do not suffer, dates and log times do',
      off.map(({ node }) => node),
    ),
  ];
}

interface Rate {
  readonly node: string;
  readonly perSecond: number;
  readonly gained: number;
  readonly sample: Sample;
}

/** How fast a counter grew between the two samples. */
function ratesOf(all: readonly Examination[], name: string): Rate[] {
  return all.flatMap(({ node, samples }) => {
    const [first, second] = samples;
    const [before, after] = [first && figure(first.stats, name), second && figure(second.stats, name)];
    if (before === undefined || after === undefined) return [];
    // A node that was started anew between the two counts from nothing.
    const gained = after < before ? after : after - before;
    const seconds = Math.max(0.001, (second!.at - first!.at) / 1000);
    return [{ node, gained, perSecond: gained / seconds, sample: second! }];
  });
}

function cannotTell(
  check: 'connections' | 'item size' | 'evictions' | 'skew' | 'clock',
  all: readonly Examination[],
  command: string,
): DoctorFinding[] {
  const reached = all.filter(({ unreachable }) => unreachable === undefined);
  if (reached.length === 0) return [];
  return [
    unknown(
      check,
      `${plural(reached.length, 'node')} would not answer \`${command}\` (ElastiCache Serverless does not)`,
    ),
  ];
}
