// "Ketama" is a family: clients that differ in one line below share no keys. A dialect is a row of this table, and
// the code that builds a ring knows no dialect by name. Each row was checked against what the real client chose:
// test/golden/ketama.
import { HASHES, type Hash } from './hash/hashes.ts';
import {
  dalliLabelCounts,
  doubleLabelCounts,
  float32LabelCounts,
  type LabelCounts,
  labelsPerNode,
} from './label-counts.ts';
import { isIpLiteral, type RingNode } from './node.ts';

/** How the labels of a node become points. */
interface Layout {
  readonly labels: LabelCounts;
  readonly pointHash: Hash;
  /** Leading digest words of one label that are points. */
  readonly pointsPerLabel: 1 | 4;
}

export interface DialectRules {
  readonly layout: Layout;
  /** Used in place of `layout` when any weight is above 1. */
  readonly weightedLayout?: Layout;
  /** Label i of a node is this and i, counted from 0. */
  readonly labelPrefix: (node: RingNode) => string;
  readonly keyHash: Hash;
  /** Which node owns a point that several nodes have. The shortest name is the first by (length, characters). */
  readonly ties: 'first-listed' | 'last-listed' | 'shortest-name';
  /** Whether a key belongs to the first point from its hash upwards, or the first one downwards. */
  readonly search: 'upwards' | 'downwards';
  /** What the client makes of weight 0. */
  readonly zeroWeight: 'counts-as-one' | 'refused';
  /** Whether `ip` is hashed, so that a node whose host is a name must have one. */
  readonly hashesIp: boolean;
}

const DEFAULT_PORT = 11211;

const hostAndPort = ({ host, port }: RingNode): string => `${host}:${port}-`;
const hostAndUnusualPort = (node: RingNode): string =>
  node.port === DEFAULT_PORT ? `${node.host}-` : hostAndPort(node);
/** The address after discovery. IPv6 is hashed as spelt; Java spells it in full, with brackets since 14. */
const ipAndPort = ({ host, ip, port }: RingNode): string => `${ip || host}:${port}-`;
/** How Java prints a resolved address; one given as an IP has no name in front. */
const javaAddress = (node: RingNode): string =>
  isIpLiteral(node.host) ? hostAndPort(node) : `${node.host}/${ipAndPort(node)}`;

const MD5_WEIGHTED: Layout = { labels: float32LabelCounts, pointHash: HASHES.md5, pointsPerLabel: 4 };

const LIBKETAMA: DialectRules = {
  layout: MD5_WEIGHTED,
  labelPrefix: hostAndUnusualPort,
  keyHash: HASHES.md5,
  ties: 'first-listed',
  search: 'upwards',
  zeroWeight: 'counts-as-one',
  hashesIp: false,
};

export const DIALECT_RULES = {
  /** libmemcached KETAMA_WEIGHTED, PHP OPT_LIBKETAMA_COMPATIBLE, pylibmc ketama_weighted, twemproxy with hash: md5. */
  libketama: LIBKETAMA,
  /** libmemcached KETAMA with its default hash, PHP DISTRIBUTION_CONSISTENT, pylibmc ketama. */
  'libmemcached-consistent': {
    ...LIBKETAMA,
    layout: { labels: labelsPerNode(100), pointHash: HASHES.oneAtATime, pointsPerLabel: 1 },
    weightedLayout: MD5_WEIGHTED,
    keyHash: HASHES.oneAtATime,
  },
  /** twemproxy distribution: ketama with its default hash, fnv1a_64. It sorts its servers when it starts. */
  twemproxy: { ...LIBKETAMA, keyHash: HASHES.fnv1a64, ties: 'shortest-name', zeroWeight: 'refused' },
  /** spymemcached KetamaConnectionFactory, which has no weights. */
  spymemcached: {
    ...LIBKETAMA,
    layout: { labels: labelsPerNode(40), pointHash: HASHES.md5, pointsPerLabel: 4 },
    labelPrefix: javaAddress,
    ties: 'last-listed',
    hashesIp: true,
  },
  /** The AWS ElastiCache client for Java from 1.2.0, with auto-discovery and a consistent KETAMA_HASH locator. */
  'aws-java': {
    ...LIBKETAMA,
    layout: { labels: labelsPerNode(40), pointHash: HASHES.sha384, pointsPerLabel: 4 },
    labelPrefix: ipAndPort,
    keyHash: HASHES.sha384,
    ties: 'last-listed',
    hashesIp: true,
  },
  /** npm memcached 2. */
  'node-memcached': { ...LIBKETAMA, layout: { ...MD5_WEIGHTED, labels: doubleLabelCounts } },
  /** Ruby's Dalli. */
  dalli: {
    ...LIBKETAMA,
    layout: { labels: dalliLabelCounts, pointHash: HASHES.sha1, pointsPerLabel: 1 },
    labelPrefix: ({ host, port }) => `${host}:${port}:`,
    keyHash: HASHES.crc32,
    ties: 'last-listed',
    search: 'downwards',
    zeroWeight: 'refused',
  },
} as const satisfies Record<string, DialectRules>;

/** A real client's way to place keys. */
export type RingDialect = keyof typeof DIALECT_RULES;

/** The names of all dialects. */
export const DIALECTS: readonly RingDialect[] = Object.freeze(Object.keys(DIALECT_RULES) as RingDialect[]);
