import { sharesOf } from './arcs.ts';
import { checkRingInput } from './check-nodes.ts';
import { buildContinuum, type Continuum, positionOf } from './continuum.ts';
import { DIALECT_RULES, type DialectRules, type RingDialect } from './dialects.ts';
import { fingerprintOf } from './fingerprint.ts';
import { DIGEST_WORDS, type Hash } from './hash/hashes.ts';
import { nodeName, type RingNode } from './node.ts';

/** How to build a ring. */
export interface RingOptions {
  /** The client whose placement to follow, bit for bit. Default `'libketama'`. */
  readonly dialect?: RingDialect;
}

/** Where keys belong. Immutable: another list of nodes is another ring. */
export interface Ring<N extends RingNode = RingNode> {
  readonly dialect: RingDialect;
  /** The nodes as given, in the order given. */
  readonly nodes: readonly N[];
  /** The node that a key belongs to: one of the objects in `nodes`. Any string is a key, and hashes as UTF-8. */
  owner(key: string): N;
  /**
   * The owner and the next distinct nodes, in ring order: `count` of them, or all nodes if there are fewer.
   * A node whose weight is too small for a place on the ring comes after all others.
   */
  successors(key: string, count: number): readonly N[];
  /** Share of the hash space, 0..1, of each node, in the order of `nodes`. They add up to 1. */
  arcs(): readonly number[];
  /** 16 hex digits, equal for two rings if and only if every key has the same owner (by `host:port`) in both. */
  readonly fingerprint: string;
}

/**
 * Places nodes on a ring as the client that `dialect` names does.
 *
 * @throws TypeError that lists every problem: no nodes, a bad host, port, weight or ip, the same `host:port` twice,
 * an unknown dialect or option, or a node without the ip that the dialect hashes.
 */
export function buildRing<N extends RingNode>(nodes: readonly N[], options: RingOptions = {}): Ring<N> {
  const { dialect = 'libketama' } = options;
  checkRingInput(nodes, options, dialect);
  return new ContinuumRing(nodes, dialect, DIALECT_RULES[dialect]);
}

/** Within the integers that V8 keeps unboxed on every platform. */
const LAST_WALK = 2 ** 30 - 1;

/** The one implementation; what the interface leaves out is for `diffRings`. */
export class ContinuumRing<N extends RingNode> implements Ring<N> {
  readonly dialect: RingDialect;
  readonly nodes: readonly N[];
  readonly names: readonly string[];
  readonly keyHash: Hash;
  readonly continuum: Continuum;

  readonly #hash: Hash['digest'];
  readonly #digest = new Uint32Array(DIGEST_WORDS);
  /** The number of the walk that last met each node, so that a walk starts with none met and clears nothing. */
  readonly #metIn: Uint32Array;
  #walk = 0;
  #arcs: readonly number[] | undefined;
  #fingerprint: string | undefined;

  constructor(nodes: readonly N[], dialect: RingDialect, rules: DialectRules) {
    this.dialect = dialect;
    this.nodes = Object.freeze([...nodes]);
    this.names = nodes.map(nodeName);
    this.keyHash = rules.keyHash;
    this.continuum = buildContinuum(nodes, rules);
    this.#hash = rules.keyHash.digest;
    this.#metIn = new Uint32Array(nodes.length);
  }

  owner(key: string): N {
    if (this.nodes.length === 1) return this.nodes[0]!;
    return this.nodes[this.continuum.owners[this.#position(key)]!]!;
  }

  successors(key: string, count: number): readonly N[] {
    const wanted = Math.min(count, this.nodes.length);
    if (wanted <= 1) return wanted < 1 ? [] : [this.owner(key)];

    const { owners } = this.continuum;
    const walk = this.#nextWalk();
    const found: N[] = [];
    let position = this.#position(key);
    for (let steps = owners.length; steps > 0 && found.length < wanted; steps--) {
      this.#meet(owners[position]!, walk, found);
      if (++position === owners.length) position = 0;
    }
    for (let index = 0; found.length < wanted; index++) this.#meet(index, walk, found);
    return found;
  }

  arcs(): readonly number[] {
    this.#arcs ??= Object.freeze(sharesOf(this.continuum, this.nodes.length));
    return this.#arcs;
  }

  get fingerprint(): string {
    this.#fingerprint ??= fingerprintOf(this.continuum, this.names, this.keyHash);
    return this.#fingerprint;
  }

  #position(key: string): number {
    this.#hash(key, this.#digest);
    return positionOf(this.continuum, this.#digest[0]!);
  }

  #meet(index: number, walk: number, found: N[]): void {
    if (this.#metIn[index] === walk) return;
    this.#metIn[index] = walk;
    found.push(this.nodes[index]!);
  }

  #nextWalk(): number {
    if (this.#walk === LAST_WALK) {
      this.#metIn.fill(0);
      this.#walk = 0;
    }
    return ++this.#walk;
  }
}
