import { describe, expect, it } from 'vitest';
import { compareCaches, pairCaches, type SelfCheckReport } from '../../../src/release/index.ts';
import { buildRing } from '../../../src/ring/index.ts';

const NAME = 'a.example:11211';
const { fingerprint: ringFingerprint } = buildRing([{ host: 'a.example', port: 11_211 }]);

function report(contextKey: string | undefined, more: Partial<SelfCheckReport> = {}): SelfCheckReport {
  return {
    version: 1,
    packageVersion: '1.2.3',
    functionVersion: '7',
    contextKey,
    fingerprint: 'f',
    disabled: false,
    dialect: 'libketama',
    placement: 'successors',
    schema: 'item-v1',
    invalidates: [],
    namespace: null,
    codec: 2,
    topology: { version: '3', nodes: [NAME] },
    ringFingerprint,
    nodes: [{ name: NAME, reachable: true, roundTripMillis: 0.4, writeReadDelete: 'ok' }],
    weights: {},
    ...more,
  };
}

const named = (live: readonly SelfCheckReport[], next: readonly SelfCheckReport[]) =>
  pairCaches(live, next).map((pair) => [pair.live?.contextKey, pair.next?.contextKey]);

describe('pairCaches', () => {
  const [a, b, c] = [report('a'), report('b'), report('c')];

  it.each([
    ['by their names', [a, b], [b, a], ['b', 'b'], ['a', 'a']],
    ['by their places where the names are others', [a, b], [a, c], ['a', 'a'], ['b', 'c']],
    ['one that is new', [a], [b, a], [undefined, 'b'], ['a', 'a']],
    ['one that is gone', [a, b], [b], ['b', 'b'], ['a', undefined]],
    ['a report of an older version', [report(undefined)], [a], [undefined, 'a']],
  ])('pairs %s', (_words, live, next, ...pairs) => {
    expect(named(live as SelfCheckReport[], next as SelfCheckReport[])).toEqual(pairs);
  });
});

describe('compareCaches', () => {
  const BUDGET = { movedShare: 0.05 };

  it('says of which cache a finding is, and gives the worst share', () => {
    const live = [report('a'), report('b')];
    const { verdict, movedShare, findings } = compareCaches(
      live,
      [report('a'), report('b', { namespace: 'shop' })],
      BUDGET,
    );
    expect(verdict).toBe('refuse');
    expect(movedShare).toBe(1);
    expect(findings.map(({ sentence }) => sentence)).toEqual([
      expect.stringMatching(/^cache b: the namespace changes/),
    ]);
  });

  it('compares one with one as compareReports does', () => {
    const [live, next] = [report('a'), report('a', { codec: 3 })];
    const { findings } = compareCaches([live], [next], BUDGET);
    expect(findings.map(({ sentence }) => sentence)).toEqual([expect.stringMatching(/^the format of keys/)]);
  });

  it('notes caches of one version, and refuses a new one whose node is out of reach', () => {
    const down = { name: NAME, reachable: false, roundTripMillis: null, writeReadDelete: 'gave no reply' };
    const { verdict, findings } = compareCaches(
      [report('a'), report('b')],
      [report('a'), report('b')].reverse(),
      BUDGET,
    );
    expect([verdict, findings]).toEqual(['pass', []]);
    const changed = compareCaches([report('a')], [report('a'), report('c', { nodes: [down] })], BUDGET);
    expect(changed.findings.map(({ severity, sentence }) => [severity, sentence])).toEqual([
      ['note', expect.stringMatching(/^cache c: the live version has none like it/)],
      ['refuse', expect.stringMatching(/^cache c: the new version does not reach node a/)],
    ]);
    const gone = compareCaches([report('a'), report('c')], [report('a')], BUDGET);
    expect(gone.findings).toEqual([
      { severity: 'note', sentence: expect.stringMatching(/^cache c: the new version has it no more/) },
    ]);
  });
});
