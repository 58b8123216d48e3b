import { describe, expect, it } from 'vitest';
import {
  type ConfigurationOnly,
  compareReports,
  type NodeReport,
  reportIn,
  type SelfCheckReport,
} from '../../../src/release/index.ts';
import { buildRing, diffRings, type RingDialect } from '../../../src/ring/index.ts';

const NAMES = ['a.example:11211', 'b.example:11211', 'c.example:11211', 'd.example:11211'];
const BUDGET = { movedShare: 0.05 };

const ringOf = (names: readonly string[], dialect: string, weights: Readonly<Record<string, number>> = {}) =>
  buildRing(
    names.map((name) => ({ host: name.slice(0, -6), port: 11_211, weight: weights[name] ?? 1 })),
    { dialect: dialect as RingDialect },
  );

type Parts = Partial<Omit<SelfCheckReport, 'nodes'>> & {
  readonly names?: readonly string[];
  readonly listVersion?: string;
  readonly faults?: Readonly<Record<string, Partial<NodeReport>>>;
};

/** What a version tells that is like any other, but for `parts`. */
function report({ names = NAMES, listVersion = '3', faults = {}, ...parts }: Parts = {}): SelfCheckReport {
  const { dialect = 'libketama', weights = {} } = parts;
  return {
    version: 1,
    packageVersion: '1.2.3',
    functionVersion: '7',
    fingerprint: 'f',
    disabled: false,
    dialect,
    placement: 'successors',
    schema: 'item-v1',
    invalidates: [],
    namespace: null,
    codec: 2,
    topology: { version: listVersion, nodes: names },
    ringFingerprint: ringOf(names, dialect, weights).fingerprint,
    nodes: names.map((name) => ({
      name,
      reachable: true,
      roundTripMillis: 0.4,
      writeReadDelete: 'ok',
      ...faults[name],
    })),
    weights,
    ...parts,
  };
}

const noNodes = { topology: null, ringFingerprint: null, names: [], problem: 'no answer' };
const nodeless = (): SelfCheckReport => ({ ...report(), topology: null, ringFingerprint: null, nodes: [] });
const DOWN = { reachable: false, roundTripMillis: null, writeReadDelete: 'gave no reply' };

interface Case {
  readonly name: string;
  readonly live?: SelfCheckReport | ConfigurationOnly;
  readonly next: SelfCheckReport | undefined;
  readonly budget?: number;
  readonly verdict: 'pass' | 'refuse';
  /** Of each finding its severity, and words of its sentence. */
  readonly findings: readonly (readonly ['refuse' | 'warning' | 'note', RegExp])[];
  readonly moved?: number | undefined;
}

const toTwemproxy = diffRings(ringOf(NAMES, 'libketama'), ringOf(NAMES, 'twemproxy')).movedShare;
const grown = [...NAMES, 'e.example:11211'];
const byOne = diffRings(ringOf(NAMES, 'libketama'), ringOf(grown, 'libketama')).movedShare;
const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`;

const CASES: readonly Case[] = [
  { name: 'the same', next: report({ functionVersion: '8' }), verdict: 'pass', findings: [], moved: 0 },
  {
    name: 'another order of the same nodes',
    next: report({ names: [...NAMES].reverse() }),
    verdict: 'pass',
    findings: [],
    moved: 0,
  },
  {
    name: 'another dialect',
    next: report({ dialect: 'twemproxy' }),
    verdict: 'refuse',
    findings: [
      [
        'refuse',
        new RegExp(
          `${percent(toTwemproxy)} of the keys would move.* budget is 5 %.* from libketama to twemproxy; keep it`,
        ),
      ],
    ],
    moved: toTwemproxy,
  },
  {
    name: 'another dialect, and a budget for it',
    next: report({ dialect: 'twemproxy' }),
    budget: 0.9,
    verdict: 'pass',
    findings: [['warning', /within the budget of 90 %/]],
    moved: toTwemproxy,
  },
  {
    name: 'a dialect that the check does not know',
    next: { ...report(), dialect: 'of-tomorrow', ringFingerprint: '0123456789abcdef' },
    verdict: 'refuse',
    findings: [['refuse', /^100 % of the keys/]],
    moved: 1,
  },
  {
    name: 'one node more',
    next: report({ names: grown, listVersion: '4' }),
    verdict: 'refuse',
    findings: [
      [
        'refuse',
        /also e\.example:11211 \(list 3 and 4\); deploy again in a minute if the cluster was scaled/,
      ],
    ],
    moved: byOne,
  },
  {
    name: 'other nodes altogether',
    next: report({ names: ['x.example:11211', 'y.example:11211'] }),
    verdict: 'refuse',
    findings: [['refuse', /no more a\.example:11211, b\..* and d\..* and also x\.example:11211 and y\./]],
    moved: 1,
  },
  {
    name: 'other weights',
    next: report({ weights: { [NAMES[0]!]: 3 } }),
    verdict: 'refuse',
    findings: [['refuse', /the weights, addresses or order of the nodes change; keep them/]],
  },
  {
    name: 'another namespace',
    next: report({ namespace: 'shop' }),
    verdict: 'refuse',
    findings: [['refuse', /namespace changes from none to "shop": 100 % of the keys/]],
    moved: 1,
  },
  {
    name: 'another format of keys and values',
    next: report({ codec: 3, packageVersion: '2.0.0' }),
    verdict: 'refuse',
    findings: [['refuse', /from 2 to 3 \(smearcache 1\.2\.3 and 2\.0\.0\): 100 %/]],
    moved: 1,
  },
  {
    name: 'another namespace, where all keys may move',
    next: report({ namespace: 'shop' }),
    budget: 1,
    verdict: 'pass',
    findings: [['warning', /namespace/]],
    moved: 1,
  },
  {
    name: 'a new schema that both prepare for',
    live: report({ invalidates: ['item-v2'] }),
    next: report({ schema: 'item-v2', invalidates: ['item-v1'] }),
    verdict: 'pass',
    findings: [['note', /from "item-v1" to "item-v2": the new version begins with an empty cache/]],
    moved: 1,
  },
  {
    name: 'a new schema that neither prepares for',
    next: report({ schema: 'item-v2' }),
    verdict: 'pass',
    findings: [
      ['note', /schema changes/],
      ['warning', /first release a version that has "item-v2" in `invalidates`/],
      ['warning', /add "item-v1" to its `invalidates`/],
    ],
    moved: 1,
  },
  {
    name: 'a first schema',
    live: report({ schema: null, invalidates: ['item-v1'] }),
    next: report(),
    verdict: 'pass',
    findings: [['note', /from none to "item-v1"/]],
    moved: 1,
  },
  {
    name: 'no more schema',
    next: report({ schema: null }),
    verdict: 'refuse',
    findings: [['refuse', /from "item-v1" to none: a change of shape needs a new name/]],
    moved: 1,
  },
  {
    name: 'other smear rules',
    next: report({ fingerprint: 'g' }),
    verdict: 'pass',
    findings: [['warning', /the smear rules change/]],
    moved: 0,
  },
  {
    name: 'another placement of copies',
    next: report({ placement: 'suffix', fingerprint: 'g' }),
    verdict: 'refuse',
    findings: [['refuse', /smear\.placement changes from successors to suffix/]],
    moved: 0,
  },
  {
    name: 'another placement of copies and another namespace, where all keys may move',
    next: report({ placement: 'suffix', namespace: 'shop' }),
    budget: 1,
    verdict: 'pass',
    findings: [
      ['warning', /namespace changes/],
      ['warning', /placement changes from successors to suffix, under another namespace/],
    ],
    moved: 1,
  },
  {
    name: 'no more schema and another namespace, where all keys may move',
    next: report({ schema: null, namespace: 'shop' }),
    budget: 1,
    verdict: 'pass',
    findings: [
      ['warning', /namespace changes/],
      ['note', /from "item-v1" to none, under another namespace/],
    ],
    moved: 1,
  },
  {
    name: 'other nodes, where the live version reaches none of its own',
    live: report({ faults: Object.fromEntries(NAMES.map((name) => [name, DOWN])) }),
    next: report({ names: ['x.example:11211', 'y.example:11211'] }),
    verdict: 'pass',
    findings: [
      ['warning', /^100 % of the keys would move .*all but 0 % come from nodes that the live version/],
    ],
    moved: 1,
  },
  {
    name: 'other nodes, where the live version reaches half of its own',
    live: report({ faults: { [NAMES[0]!]: DOWN, [NAMES[1]!]: DOWN } }),
    next: report({ names: ['x.example:11211', 'y.example:11211'] }),
    verdict: 'refuse',
    findings: [['refuse', /^100 % of the keys would move/]],
    moved: 1,
  },
  {
    name: 'one node less, which the live version does not reach',
    live: report({ faults: { [NAMES[3]!]: DOWN } }),
    next: report({ names: NAMES.slice(0, 3) }),
    verdict: 'pass',
    findings: [['warning', /all but 0 % come from nodes that the live version cannot use/]],
  },
  {
    name: 'a node that only the live version reaches',
    next: report({ faults: { [NAMES[1]!]: DOWN } }),
    verdict: 'refuse',
    findings: [['refuse', /does not reach node b\.example:11211 \(gave no reply\): let its security group/]],
    moved: 0,
  },
  {
    name: 'a node that neither reaches',
    live: report({ faults: { [NAMES[1]!]: DOWN } }),
    next: report({ faults: { [NAMES[1]!]: DOWN } }),
    verdict: 'pass',
    findings: [['warning', /does not reach node b.*, nor does the live one: see to the node/]],
    moved: 0,
  },
  {
    name: 'no node that either reaches',
    live: report({ names: NAMES.slice(0, 1), faults: { [NAMES[0]!]: DOWN } }),
    next: report({ names: NAMES.slice(0, 1), faults: { [NAMES[0]!]: DOWN } }),
    verdict: 'refuse',
    findings: [['refuse', /does not reach node a/]],
    moved: 0,
  },
  {
    name: 'a node that takes no writes',
    next: report({ faults: { [NAMES[2]!]: { writeReadDelete: 'out of memory' } } }),
    verdict: 'refuse',
    findings: [['refuse', /reaches node c\.example:11211 but cannot write.*out of memory/]],
    moved: 0,
  },
  {
    name: 'a new version without nodes',
    next: { ...nodeless(), problem: 'no answer' },
    verdict: 'refuse',
    findings: [['refuse', /found no nodes \(no answer\): check its discovery options/]],
    moved: undefined,
  },
  {
    name: 'a live version without nodes',
    live: nodeless(),
    next: report(),
    verdict: 'pass',
    findings: [['warning', /the live version found no nodes/]],
    moved: undefined,
  },
  {
    name: 'a new version that is switched off',
    next: { ...nodeless(), disabled: true },
    verdict: 'pass',
    findings: [['warning', /switched off in the new version/]],
    moved: undefined,
  },
  {
    name: 'a live version that is switched off',
    live: { ...nodeless(), disabled: true },
    next: report({ namespace: 'shop' }),
    verdict: 'pass',
    findings: [['note', /switched off in the live version/]],
    moved: undefined,
  },
  {
    name: 'a new version without a self-check',
    next: undefined,
    verdict: 'refuse',
    findings: [['refuse', /answered no self-check: give smearCache selfCheck: true/]],
    moved: undefined,
  },
  {
    name: 'a live version without a self-check, and the same variables',
    live: { version: 0, variables: {} },
    next: report(),
    verdict: 'pass',
    findings: [
      ['warning', /live version knows no self-check, so it was compared by its environment variables alone/],
    ],
    moved: 0,
  },
  {
    name: 'a live version without a self-check, and another dialect in its variables',
    live: { version: 0, variables: { SMEARCACHE_DIALECT: 'twemproxy' } },
    next: report(),
    verdict: 'refuse',
    findings: [
      ['warning', /knows no self-check/],
      ['refuse', /from twemproxy to libketama/],
    ],
  },
  {
    name: 'a live version without a self-check, another namespace and a schema that it names',
    live: {
      version: 0,
      variables: {
        SMEARCACHE_NAMESPACE: 'shop',
        SMEARCACHE_SCHEMA: 'item-v0',
        SMEARCACHE_INVALIDATES: 'item-v1, x',
      },
    },
    next: report({ invalidates: ['item-v0'] }),
    verdict: 'refuse',
    findings: [
      ['warning', /knows no self-check/],
      ['refuse', /namespace changes from "shop" to none/],
      ['note', /from "item-v0" to "item-v1"/],
    ],
    moved: 1,
  },
  ...(
    [
      [
        'CONFIGURATION_ENDPOINT',
        'a.example:11211',
        'b.example:11211',
        /CONFIGURATION_ENDPOINT changes .* 100 %/,
      ],
      ['CLUSTER_ID', 'a', undefined, /CLUSTER_ID changes from "a" to none/],
      ['NAMESPACE', undefined, 'shop', /namespace changes from none to "shop"/],
      ['NAMESPACE', 'shop', undefined, /namespace changes from "shop" to none/],
      ['DIALECT', undefined, 'twemproxy', /dialect changes from libketama to twemproxy/],
      ['SMEAR_PLACEMENT', undefined, 'suffix', /placement changes from successors to suffix/],
      ['NODES', NAMES.slice(0, 2).join(), NAMES.join(), /also c\.example:11211 and d\./],
    ] as const
  ).map(
    ([name, before, after, words]): Case => ({
      name: `a live version without a self-check, and ${name} from ${before} to ${after}`,
      live: {
        version: 0,
        variables: { SMEARCACHE_TLS: 'false', [`SMEARCACHE_${name}`]: before },
        nextVariables: { SMEARCACHE_TLS: 'false', [`SMEARCACHE_${name}`]: after },
      },
      next: report({
        ...(name === 'NAMESPACE' && { namespace: after ?? null }),
        ...(name === 'DIALECT' && { dialect: after ?? 'libketama' }),
        ...(name === 'SMEAR_PLACEMENT' && { placement: after ?? 'successors' }),
      }),
      verdict: 'refuse',
      findings: [
        ['warning', /knows no self-check/],
        ['refuse', words],
      ],
    }),
  ),
  {
    name: 'a live version without a self-check, and a first schema and other smear rules in the variables',
    live: {
      version: 0,
      variables: { SMEARCACHE_NODES: NAMES.join(', '), SMEARCACHE_SMEAR_KEYS: 'a' },
      nextVariables: {
        SMEARCACHE_NODES: NAMES.join(),
        SMEARCACHE_SMEAR_KEYS: 'a,b',
        SMEARCACHE_SCHEMA: 'item-v1',
      },
    },
    next: report(),
    verdict: 'pass',
    findings: [
      ['warning', /knows no self-check/],
      ['note', /schema changes from none to "item-v1"/],
      ['warning', /first release a version/],
    ],
    moved: 1,
  },
  {
    name: 'a live version without a self-check, and other smear rules in the variables',
    live: {
      version: 0,
      variables: { SMEARCACHE_SMEAR_KEYS: 'a' },
      nextVariables: { SMEARCACHE_SMEAR_KEYS: 'a,b' },
    },
    next: report(),
    verdict: 'pass',
    findings: [
      ['warning', /knows no self-check/],
      ['warning', /the smear rules change/],
    ],
    moved: 0,
  },
  {
    name: 'a live version that fails instead of answering, and another endpoint that is wanted',
    live: {
      version: 0,
      reason: 'failed 4 times',
      variables: { SMEARCACHE_CONFIGURATION_ENDPOINT: 'a.example:11211' },
      nextVariables: { SMEARCACHE_CONFIGURATION_ENDPOINT: 'b.example:11211' },
    },
    next: report(),
    budget: 1,
    verdict: 'pass',
    findings: [
      ['warning', /^the live version failed 4 times, so it was compared by/],
      ['warning', /changes from "a\.example:11211" to "b\.example:11211"/],
    ],
    moved: 1,
  },
  {
    name: 'a live version without a single variable, before the first with a cache',
    live: {
      version: 0,
      variables: { TABLE: 'items' },
      nextVariables: { SMEARCACHE_CONFIGURATION_ENDPOINT: 'a.example:11211', SMEARCACHE_NAMESPACE: 'shop' },
    },
    next: report({ namespace: 'shop' }),
    verdict: 'pass',
    findings: [['warning', /knows no self-check/]],
    moved: 0,
  },
  {
    name: 'a live version whose variables switch the cache off',
    live: {
      version: 0,
      variables: { SMEARCACHE_DISABLED: 'true', SMEARCACHE_CLUSTER_ID: 'a' },
      nextVariables: { SMEARCACHE_CLUSTER_ID: 'b' },
    },
    next: report(),
    verdict: 'pass',
    findings: [
      ['warning', /knows no self-check/],
      ['note', /switched off in the live version/],
    ],
    moved: undefined,
  },
  {
    name: 'a node that a new version does not reach, where the live one cannot be asked',
    live: { version: 0, variables: {} },
    next: report({ faults: { [NAMES[0]!]: DOWN } }),
    verdict: 'refuse',
    findings: [
      ['warning', /knows no self-check/],
      ['refuse', /does not reach node a/],
    ],
    moved: 0,
  },
];

describe('compareReports', () => {
  it.each(CASES)('$name: $verdict', ({ live = report(), next, budget, verdict, findings, ...rest }) => {
    const found = compareReports(live, next, budget === undefined ? BUDGET : { movedShare: budget });
    expect(found.findings.map(({ severity, sentence }) => [severity, sentence])).toEqual(
      findings.map(([severity, words]) => [severity, expect.stringMatching(words)]),
    );
    expect(found.verdict).toBe(verdict);
    if ('moved' in rest) expect(found.movedShare).toBe(rest.moved);
  });

  it('builds the ring of a dialect that hashes addresses from the addresses', () => {
    const ringAt = (first: string) =>
      buildRing(
        NAMES.map((name, i) => ({
          host: name.slice(0, -6),
          port: 11_211,
          ip: i === 0 ? first : `10.0.0.${i}`,
        })),
        { dialect: 'spymemcached' },
      );
    const at = (first: string): SelfCheckReport => ({
      ...report({
        faults: Object.fromEntries(NAMES.map((name, i) => [name, { ip: i === 0 ? first : `10.0.0.${i}` }])),
      }),
      dialect: 'spymemcached',
      ringFingerprint: ringAt(first).fingerprint,
    });
    const { movedShare } = diffRings(ringAt('10.0.0.9'), ringAt('10.0.0.77'));
    expect(movedShare).toBeGreaterThan(0.1);
    expect(compareReports(at('10.0.0.9'), at('10.0.0.77'), BUDGET).movedShare).toBe(movedShare);
  });
});

describe('reportIn', () => {
  it('takes what the middleware answers', () => {
    const told = JSON.parse(JSON.stringify({ smearcache: report() }));
    expect(reportIn(told)).toEqual(report());
    expect(reportIn({ smearcache: { ...report(), ...noNodes, nodes: [] } })).toBeDefined();
  });

  it.each([
    ['nothing', undefined],
    ['what a handler answers', { statusCode: 400, body: '{}' }],
    ['another format', { smearcache: { ...report(), version: 2 } }],
    ['half a report', { smearcache: { version: 1, dialect: 'libketama' } }],
    [
      'list of nodes that were not all tried',
      { smearcache: { ...report(), nodes: report().nodes.slice(1) } },
    ],
    ['a broken list', { smearcache: { ...report(), nodes: [{ name: 'a:1' }] } }],
  ])('takes no %s for a report', (_words, answer) => {
    expect(reportIn(answer)).toBeUndefined();
  });
});
