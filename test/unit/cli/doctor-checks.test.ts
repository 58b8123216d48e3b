import { describe, expect, it } from 'vitest';
import type { Examination, Sample } from '../../../src/cli/doctor/examination.ts';
import { type DoctorFinding, worstOf } from '../../../src/cli/doctor/finding.ts';
import { clockCheck, connections, evictions, itemSize, skew } from '../../../src/cli/doctor/load-checks.ts';
import { engine, reachability, roundTrip, tlsCheck } from '../../../src/cli/doctor/reach-checks.ts';

const WALL = 1_700_000_000_500;

function node(name: string, facts: Partial<Examination> = {}): Examination {
  return { node: name, version: '1.6.22', roundTrips: [1, 1, 1], commandProblems: [], samples: [], ...facts };
}

const settings = (entries: Record<string, string | number>) =>
  new Map(Object.entries(entries).map(([name, value]) => [name, String(value)]));

function sample(at: number, stats: Record<string, string | number>): Sample {
  return {
    wall: WALL + at,
    at,
    stats: settings({ time: Math.floor((WALL + at) / 1000), uptime: 100, ...stats }),
  };
}

/** Two samples, 10 s apart. */
const sampled = (before: Record<string, number>, after: Record<string, number>) => ({
  samples: [sample(0, before), sample(10_000, after)],
});

const brief = (findings: readonly DoctorFinding[]) => findings.map(({ level, says }) => `${level}: ${says}`);

describe('doctor on reaching nodes', () => {
  it.each([
    ['connect ECONNREFUSED 127.0.0.1:1', false, /nothing listens/],
    ['no connection within 2000 ms', false, /security groups/],
    ['getaddrinfo ENOTFOUND cache.example', false, /inside the VPC/],
    ['it answered "HTTP/1.1 400", which no memcached says', false, /something else than memcached/],
    ['the connection was closed', false, /try --tls/],
    ['wrong version number', true, /speaks no TLS/],
    ['self-signed certificate in certificate chain', true, /--tls-ca/],
    ["Hostname/IP does not match certificate's altnames", true, /valid for its name/],
  ])('knows what to do about "%s"', (unreachable, tls, todo) => {
    const [good, bad] = reachability([node('a:1'), node('b:1', { unreachable })], tls);
    expect(good).toMatchObject({ level: 'ok', says: '1 node answers from here' });
    expect(bad).toMatchObject({ level: 'failure', says: `b:1: ${unreachable}`, nodes: ['b:1'] });
    expect(bad!.todo).toMatch(todo);
  });

  it('takes the median of round trips, so that one hiccup is none', () => {
    expect(brief(roundTrip([node('a:1', { roundTrips: [1, 500, 1] })]))).toEqual([
      'ok: median 1.00 ms, slowest node a:1 with 1.00 ms',
    ]);
    expect(roundTrip([node('a:1'), node('b:1', { roundTrips: [30, 40, 50] })])[0]).toMatchObject({
      level: 'warning',
      nodes: ['b:1'],
    });
  });

  it('looks at certificates', () => {
    const valid = { certificateDays: 200, tlsProtocol: 'TLSv1.3' };
    expect(tlsCheck([node('a:1', valid)], true)[0]).toMatchObject({ level: 'ok' });
    expect(
      tlsCheck([node('a:1', valid), node('b:1', { ...valid, certificateDays: 3 })], true)[0],
    ).toMatchObject({
      level: 'warning',
      says: expect.stringContaining('3 more days'),
      nodes: ['b:1'],
    });
  });

  it('looks at engines and their commands', () => {
    expect(engine([node('a:1'), node('b:1')])[0]).toMatchObject({ level: 'ok' });
    const mixed = engine([node('a:1'), node('b:1', { version: '1.5.6' })]);
    expect(brief(mixed)).toEqual([
      expect.stringMatching(/^warning: memcached 1\.5\.6 has no meta commands/),
      'warning: the nodes run different versions: 1.6.22, 1.5.6',
    ]);
    const proxied = engine([node('a:1', { commandProblems: ['meta commands: "ERROR"'] })]);
    expect(proxied[0]).toMatchObject({
      level: 'failure',
      says: expect.stringContaining('lacks meta commands: "ERROR"'),
    });
  });
});

describe('doctor on load', () => {
  const limited = (maxconns: number) => ({
    settings: settings({ maxconns }),
    samples: [sample(0, { curr_connections: 12 })],
  });

  it.each([
    [1000, 1, 'failure'],
    [450, 2, 'failure'],
    [700, 1, 'warning'],
    [600, 1, 'ok'],
  ])(
    'holds the sockets of %d environments of %d threads against maxconns',
    (environments, threads, level) => {
      const findings = connections([node('a:1', limited(65_000)), node('b:1', limited(800))], {
        environments,
        threads,
      });
      expect(findings.map((finding) => finding.level)).toEqual([level]);
      expect(findings[0]!.says).toContain('b:1 allows 800');
    },
  );

  it('says how many would fit, and whether some were turned away', () => {
    const turnedAway = { ...limited(800), samples: [sample(0, { rejected_connections: 3 })] };
    expect(brief(connections([node('a:1', turnedAway)], { threads: 4 }))).toEqual([
      expect.stringMatching(/^warning: connections were turned away 3 times/),
      expect.stringMatching(/^ok: .*room for 200 environments/),
    ]);
  });

  it('holds the largest value against the limit', () => {
    const of = (bytes: number) => ({ settings: settings({ item_size_max: bytes }) });
    expect(itemSize([node('a:1', of(1_000_000))], { threads: 1, itemSize: 900_000 })[0]!.level).toBe('ok');
    expect(itemSize([node('a:1', of(1_000_000))], { threads: 1, itemSize: 1_000_001 })[0]!.level).toBe(
      'failure',
    );
    expect(itemSize([node('a:1', of(1_000_000)), node('b:1', of(2_000_000))], { threads: 1 })[0]!.level).toBe(
      'warning',
    );
  });

  it('measures evictions between two samples, also over a restart', () => {
    const full = { bytes: 90, limit_maxbytes: 100 };
    expect(
      brief(evictions([node('a:1', sampled({ evictions: 5, ...full }, { evictions: 5, ...full }))])),
    ).toEqual(['ok: none while watched; the fullest node holds 90.0 % of its memory']);
    expect(brief(evictions([node('a:1', sampled({ evictions: 500 }, { evictions: 200 }))]))).toEqual([
      expect.stringMatching(/^warning: 20 items a second are evicted/),
    ]);
    const never = node('a:1', {
      ...sampled({ evictions: 0 }, { evictions: 0 }),
      settings: settings({ evictions: 'off' }),
    });
    expect(evictions([never])[0]).toMatchObject({
      level: 'warning',
      says: expect.stringContaining('never evicts'),
    });
  });

  it('tells a hot key from a large arc', () => {
    const spread = (a: number, b: number) => [
      node('a:1', sampled({ cmd_get: 0 }, { cmd_get: a })),
      node('b:1', sampled({ cmd_get: 0 }, { cmd_get: b })),
    ];
    const even = new Map([
      ['a:1', 0.5],
      ['b:1', 0.5],
    ]);
    expect(skew(spread(5000, 5000), even)[0]!.level).toBe('ok');
    expect(skew(spread(9000, 1000), even)[0]).toMatchObject({
      level: 'warning',
      says: 'a:1 has 1.80 times the mean of 500 reads/s while watched; its arc explains 1.00',
      todo: expect.stringContaining('smearcache top'),
    });
    const uneven = new Map([
      ['a:1', 0.9],
      ['b:1', 0.1],
    ]);
    expect(skew(spread(9000, 1000), uneven)[0]!.todo).toContain('weights');
    expect(skew(spread(10, 1), even)[0]!.level).toBe('unknown');
  });

  it('compares clocks to the second that a node tells', () => {
    expect(clockCheck([node('a:1', { samples: [sample(0, {})] })])[0]!.level).toBe('ok');
    const behind = clockCheck([
      node('a:1', { samples: [sample(0, { time: Math.floor(WALL / 1000) - 60 })] }),
    ]);
    expect(behind[0]).toMatchObject({ level: 'warning', says: 'a:1 is 60 s behind this machine' });
  });

  it('says what nodes without stats would not tell', () => {
    const silent = [node('a:1')];
    for (const check of [
      connections(silent, { threads: 1 }),
      evictions(silent),
      skew(silent, new Map()),
      clockCheck(silent),
    ]) {
      expect(check[0]).toMatchObject({
        level: 'unknown',
        says: expect.stringContaining('would not answer `stats`'),
      });
    }
  });

  it('is decided by the worst finding', () => {
    const finding = (level: DoctorFinding['level']) => ({ check: 'clock' as const, level, says: '' });
    expect(worstOf([])).toBe('ok');
    expect(worstOf([finding('warning'), finding('failure'), finding('ok')])).toBe('failure');
    expect(worstOf([finding('unknown'), finding('ok')])).toBe('unknown');
  });
});
