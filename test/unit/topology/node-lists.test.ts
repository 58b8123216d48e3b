import { describe, expect, it } from 'vitest';
import { type Topology, type TopologySource, withNodeLists } from '../../../src/topology/index.ts';

const listed = (version: string, ...hosts: string[]): Topology => ({
  version,
  nodes: hosts.map((host) => ({ host, port: 1 })),
});
const KNOWN = listed('10', 'a', 'b', 'c');
const NEXT = listed('11', 'a', 'd');
const GONE = new Error('the resolver is gone');

/** A source and its nodes, each with one answer; what was asked is written down. */
function sources(answers: Record<string, Topology | Error>, { nodesFirst = false, chance = 0 } = {}) {
  const asked: string[] = [];
  const named = (name: string): TopologySource => ({
    name,
    changes: true,
    read: async () => {
      asked.push(name);
      const answer = answers[name] ?? GONE;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  const source = withNodeLists(
    named('source'),
    ({ host }) => named(host),
    () => chance,
    nodesFirst,
  );
  return { source, asked };
}

describe('a configuration endpoint backed by its nodes', () => {
  it('is asked alone while it answers', async () => {
    const { source, asked } = sources({ source: NEXT });
    expect(await source.read(undefined, KNOWN)).toBe(NEXT);
    expect(asked).toEqual(['source']);
  });

  it('has nobody behind it before the first list', async () => {
    const { source, asked } = sources({});
    await expect(source.read()).rejects.toBe(GONE);
    expect(asked).toEqual(['source']);
  });

  it('that fails is made up for by any node of the list', async () => {
    const { source, asked } = sources({ b: NEXT }, { chance: 0.4 });
    expect(await source.read(undefined, KNOWN)).toBe(NEXT);
    expect(asked).toEqual(['source', 'b']);
  });

  it.each([
    [0, ['a', 'b']],
    [0.999, ['c', 'a']],
  ])('and two nodes that fail with it, from chance %d on, fail with its reason', async (chance, nodes) => {
    const reason = new Error('the name is unknown');
    const { source, asked } = sources({ source: reason }, { chance });
    await expect(source.read(undefined, KNOWN)).rejects.toBe(reason);
    expect(asked).toEqual(['source', ...nodes]);
  });

  it('and a node that lags behind is no reason to go back', async () => {
    const { source } = sources({ a: listed('9', 'z') });
    expect(await source.read(undefined, KNOWN)).toBe(KNOWN);
  });

  it('asks nobody else once it was given up', async () => {
    const { source, asked } = sources({ a: NEXT });
    await expect(source.read(AbortSignal.abort(), KNOWN)).rejects.toThrow(/abort/i);
    expect(asked).toEqual(['source']);
  });

  it('with one node asks that one once', async () => {
    const { source, asked } = sources({});
    await expect(source.read(undefined, listed('1', 'a'))).rejects.toBe(GONE);
    expect(asked).toEqual(['source', 'a']);
  });
});

describe('an API spared by its nodes', () => {
  const spared = { nodesFirst: true };

  it('is asked for the first list, and then no more while a node answers', async () => {
    const { source, asked } = sources({ source: KNOWN, b: NEXT }, spared);
    const known = await source.read();
    expect(await source.read(undefined, known)).toBe(NEXT);
    expect(asked).toEqual(['source', 'a', 'b']);
  });

  it('is asked again where two nodes do not answer, and its failure is the one that is told', async () => {
    const reason = new Error('Rate exceeded');
    const answers = { source: NEXT as Topology | Error };
    const { source, asked } = sources(answers, spared);
    expect(await source.read(undefined, KNOWN)).toBe(NEXT);
    expect(asked).toEqual(['a', 'b', 'source']);
    answers.source = reason;
    await expect(source.read(undefined, KNOWN)).rejects.toBe(reason);
  });

  it('lets the nodes bring the first version that counts', async () => {
    const { source } = sources({ a: NEXT }, spared);
    expect(await source.read(undefined, listed('a:1,b:1', 'a', 'b'))).toBe(NEXT);
  });
});
