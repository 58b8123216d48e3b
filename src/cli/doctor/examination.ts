// What doctor asks one node. Facts only; what they mean is for the checks.

import type { TLSSocket } from 'node:tls';
import type { Millis } from '../../base/units.ts';
import { RESERVED_PREFIX } from '../../memcached/storage-key.ts';
import { nodeName, type RingNode } from '../../ring/index.ts';
import type { ClusterView } from '../nodes/cluster-view.ts';
import { ONE_LINE, statsOf, TextLink } from '../nodes/text-link.ts';
import type { World } from '../world.ts';

export type Stats = ReadonlyMap<string, string>;

export interface Sample {
  readonly stats: Stats;
  /** The middle of the time that the question took: of day, and monotonic. */
  readonly wall: Millis;
  readonly at: Millis;
}

export interface Examination {
  readonly node: string;
  /** Why it was not reached; then all else is empty. */
  readonly unreachable?: string;
  /** To the answer to the first byte, with TLS its handshake, too. */
  readonly connectMillis?: Millis;
  readonly roundTrips: readonly Millis[];
  readonly version?: string;
  /** Days that the certificate is still valid. */
  readonly certificateDays?: number;
  readonly tlsProtocol?: string;
  /** What is wrong with the commands that the client needs; empty where nothing is. */
  readonly commandProblems: readonly string[];
  readonly settings?: Stats;
  /** None where the node refuses `stats`, else one before the wait and one after. */
  readonly samples: readonly Sample[];
}

const ROUND_TRIPS = 20;
const DAY_MILLIS = 86_400_000;

/** Asks everything of all nodes at once, waiting once between the two samples. */
export async function examine(view: ClusterView, world: World, sampleMillis: Millis): Promise<Examination[]> {
  const visits = await Promise.all(view.nodes.map((node) => visit(node, view, world)));
  const sampled = visits.some(({ first }) => first !== undefined);
  if (sampled) await world.sleep(sampleMillis);
  return Promise.all(
    visits.map(async ({ link, first, examination }) => {
      if (link === undefined) return examination;
      const second = first === undefined ? undefined : await sample(link, world);
      link.close();
      return { ...examination, samples: [first, second].filter((taken) => taken !== undefined) };
    }),
  );
}

interface Visit {
  readonly link?: TextLink;
  readonly first?: Sample | undefined;
  readonly examination: Examination;
}

async function visit(node: RingNode, view: ClusterView, world: World): Promise<Visit> {
  const { clock } = world;
  const name = nodeName(node);
  const began = clock.monotonic();
  const empty = { node: name, roundTrips: [], commandProblems: [], samples: [] };
  const link = await TextLink.open(view.dial(node), view.options.connectTimeoutMillis);
  if ('failed' in link) return { examination: { ...empty, unreachable: link.failed } };
  const connectMillis = clock.monotonic() - began;
  const version = await link.ask('version', ONE_LINE);
  if (version.kind === 'failed') {
    link.close();
    return { examination: { ...empty, unreachable: version.reason } };
  }
  const engine = /^VERSION (\S+)/.exec(version.text)?.[1];
  if (engine === undefined) {
    link.close();
    const unreachable = `it answered ${JSON.stringify(version.text.slice(0, 60).trimEnd())}, which no memcached says`;
    return { examination: { ...empty, unreachable } };
  }
  const roundTrips = await timed(link, world);
  const commandProblems = await tryCommands(link, world);
  const settings = await statsOf(link, 'settings');
  const first = await sample(link, world);
  const examination = {
    ...empty,
    connectMillis,
    roundTrips,
    version: engine,
    ...certificateOf(link, world),
    commandProblems,
    ...('failed' in settings ? {} : { settings }),
  };
  return { link, first, examination };
}

async function timed(link: TextLink, { clock }: World): Promise<Millis[]> {
  const times: Millis[] = [];
  for (let i = 0; i < ROUND_TRIPS; i++) {
    const began = clock.monotonic();
    if ((await link.ask('version', ONE_LINE)).kind === 'failed') break;
    times.push(clock.monotonic() - began);
  }
  return times;
}

/** A lease, a count and a delete on a key of our own that nobody else has, and that dies within seconds. */
async function tryCommands(link: TextLink, { random }: World): Promise<string[]> {
  const key = `${RESERVED_PREFIX}doctor~${Math.floor(random() * 2 ** 40).toString(36)}`;
  const trials: readonly (readonly [string, RegExp, string])[] = [
    ['mn', /^MN\r\n/, 'meta commands'],
    [`mg ${key} s c v t f N2 O7`, /^VA 0 .*\bW\b|^EN\r\n/, 'leases (mg with N)'],
    [`ma ${key}c N2 J1 D1 v`, /^VA 1( .*)?\r\n1\r\n/, 'counts (ma with N and J)'],
  ];
  const problems: string[] = [];
  for (const [line, wanted, what] of trials) {
    const answer = await link.ask(line, /^(?!VA ).*\r\n|^VA [^\r]*\r\n.*\r\n/);
    if (answer.kind === 'failed') return [...problems, `${what}: ${answer.reason}`];
    if (!wanted.test(answer.text))
      problems.push(`${what}: ${JSON.stringify(answer.text.slice(0, 60).trimEnd())}`);
    // A draft or no meta commands at all: what follows would be misread.
    if (problems.length > 0) return problems;
  }
  for (const stored of [key, `${key}c`]) await link.ask(`md ${stored}`, ONE_LINE);
  return problems;
}

async function sample(link: TextLink, { clock }: World): Promise<Sample | undefined> {
  const [wall, began] = [clock.wall(), clock.monotonic()];
  const stats = await statsOf(link);
  if ('failed' in stats) return undefined;
  const half = (clock.monotonic() - began) / 2;
  return { stats, wall: wall + half, at: began + half };
}

function certificateOf(
  { socket }: TextLink,
  { clock }: World,
): Pick<Examination, 'certificateDays' | 'tlsProtocol'> {
  if (!('getPeerCertificate' in socket)) return {};
  const tls = socket as TLSSocket;
  const until = Date.parse(tls.getPeerCertificate().valid_to ?? '');
  const protocol = tls.getProtocol();
  return {
    ...(Number.isFinite(until) && { certificateDays: Math.floor((until - clock.wall()) / DAY_MILLIS) }),
    ...(protocol !== null && { tlsProtocol: protocol }),
  };
}
