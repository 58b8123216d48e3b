import { describe, expect, it } from 'vitest';
import { buildRing, DIALECTS, diffRings, nodeName } from '../../../src/ring/index.ts';
import { startCluster } from '../../../src/testing/index.ts';
import { smearcache } from '../../support/cli.ts';

const NODES = ['127.0.0.1:1', '127.0.0.1:2', '10.0.0.3:3'];
const ringNodes = NODES.map((name) => ({ host: name.split(':')[0]!, port: Number(name.split(':')[1]) }));
const nodes = ['--nodes', NODES.join(',')];

describe('smearcache ring', () => {
  it('shows nodes, arcs and fingerprint', async () => {
    const { code, json } = await smearcache(['ring', ...nodes, '--json']);
    const ring = buildRing(ringNodes);
    expect(code).toBe(0);
    expect(json).toMatchObject({ dialect: 'libketama', fingerprint: ring.fingerprint, version: 'static' });
    expect(json.nodes).toEqual(NODES.map((name, i) => ({ name, weight: 1, share: ring.arcs()[i] })));
  });

  it('draws the arcs, the largest in full', async () => {
    const { stdout } = await smearcache(['ring', ...nodes]);
    const bars = NODES.map(
      (name) =>
        stdout
          .split('\n')
          .find((line) => line.startsWith(name))!
          .match(/█/g)!.length,
    );
    expect(Math.max(...bars)).toBe(24);
    expect(Math.min(...bars)).toBeLessThan(24);
  });

  it('counts weights', async () => {
    const { json } = await smearcache(['ring', ...nodes, '--weights', `${NODES[0]}=3`, '--json']);
    const weightedRing = buildRing(ringNodes.map((node, i) => ({ ...node, weight: i === 0 ? 3 : 1 })));
    expect(json.fingerprint).toBe(weightedRing.fingerprint);
    expect(json.nodes[0].weight).toBe(3);
  });

  it('reads the list from a configuration endpoint, and from the environment', async () => {
    const cluster = await startCluster({ nodes: 2 });
    try {
      const byFlag = await smearcache(['ring', '--config-endpoint', cluster.configEndpoint, '--json']);
      const environment = {
        SMEARCACHE_CONFIGURATION_ENDPOINT: cluster.configEndpoint,
        SMEARCACHE_DISABLED: 'true',
      };
      const byVariable = await smearcache(['ring', '--json'], { environment });
      expect(byFlag.json.nodes.map(({ name }: { name: string }) => name)).toEqual(cluster.names);
      expect(byVariable.json).toEqual(byFlag.json);
      expect(byFlag.json.version).toBe('1');
    } finally {
      await cluster.close();
    }
  });

  it('says where no list is to be had', async () => {
    const { code, stderr, stdout } = await smearcache(['ring', '--config-endpoint', '127.0.0.1:1']);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^smearcache: no node list from configuration endpoint 127.0.0.1:1: .*ECONNREFUSED/,
    );
    expect(stdout).toBe('');
  });
});

describe('smearcache ring where', () => {
  it('gives owner and copies in each dialect, by the storage key', async () => {
    const { json } = await smearcache([
      'ring',
      'where',
      'item:1',
      ...nodes,
      '--schema',
      'v1',
      '--copies',
      '2',
      '--json',
    ]);
    expect(json).toMatchObject({ storageKey: 'v1:item:1', copyKey: 'v1:item:1~sc', smearedOver: 1 });
    expect(json.dialects).toEqual(
      DIALECTS.map((dialect) => {
        const [owner, ...copies] = buildRing(ringNodes, { dialect }).successors('v1:item:1', 2).map(nodeName);
        return { dialect, owner, copies };
      }),
    );
  });

  it('says of a dialect that needs addresses when there are none', async () => {
    const { stdout, code } = await smearcache(['ring', 'where', 'k', '--nodes', 'no-such-host.invalid:1']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^libketama \* +no-such-host.invalid:1$/m);
    expect(stdout).toMatch(
      /^spymemcached .*this dialect hashes the address that no-such-host.invalid resolves to/m,
    );
  });

  it('knows the hand-kept list', async () => {
    const { json } = await smearcache([
      'ring',
      'where',
      'hot',
      ...nodes,
      '--smear-keys',
      'hot,other',
      '--json',
    ]);
    expect(json.smearedOver).toBe(3);
  });

  it('prints no control bytes of a key', async () => {
    const { stdout } = await smearcache(['ring', 'where', 'a\u001b[2Jb\u202e', ...nodes]);
    expect(stdout).toContain('a\\x1b[2Jb\\u202e');
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toContain('\u202e');
  });
});

describe('smearcache ring plan', () => {
  it('tells what a change moves', async () => {
    const { json, code } = await smearcache([
      'ring',
      'plan',
      ...nodes,
      '--add',
      'd:4=2',
      '--remove',
      NODES[0]!,
      '--json',
    ]);
    const after = [...ringNodes.slice(1), { host: 'd', port: 4, weight: 2 }];
    const diff = diffRings(buildRing(ringNodes), buildRing(after));
    expect(code).toBe(0);
    expect(json).toMatchObject(JSON.parse(JSON.stringify(diff)));
    expect(json.leastShare).toBeLessThanOrEqual(json.movedShare);
  });

  it('shows it node by node', async () => {
    const { stdout } = await smearcache(['ring', 'plan', ...nodes, '--remove', NODES[0]!]);
    expect(stdout).toMatch(/^\d+\.\d % of the keys move to another node$/m);
    expect(stdout).toMatch(/^- 127\.0\.0\.1:1 +\d+\.\d % +0\.0 % +\+0\.0 % +-\d+\.\d %$/m);
    expect(stdout).toMatch(
      /What a removed node held is lost: \d+\.\d % of the keys are loaded from the origin again/,
    );
  });

  it('weighs nodes anew', async () => {
    const { json } = await smearcache([
      'ring',
      'plan',
      ...nodes,
      '--current-weights',
      `${NODES[0]}=2`,
      '--weights',
      `${NODES[0]}=1`,
      '--json',
    ]);
    expect(json.fingerprintAfter).not.toBe(json.fingerprintBefore);
    expect(json.nodes[0].after).toBeLessThan(json.nodes[0].before);
  });

  it.each([
    [[], /plan what\? Give --add, --remove or --weights/],
    [['--remove', '127.0.0.1:9'], /the cluster has no node 127\.0\.0\.1:9, only 127\.0\.0\.1:1,/],
    [['--add', NODES[0]!], /--add: 127\.0\.0\.1:1 is in the cluster already/],
    [['--remove', NODES.join(',')], /no node would be left/],
    [['--weights', '127.0.0.1:1=0'], /weight of 127\.0\.0\.1:1 must be a whole number from 1 up, got "0"/],
    [['--weights', '127.0.0.1:1'], /is not host:port=weight/],
  ])('refuses %j', async (words, message) => {
    const { code, stderr, stdout } = await smearcache(['ring', 'plan', ...nodes, ...words]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(stdout).toBe('');
  });
});
