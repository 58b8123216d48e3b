// What a change of the nodes costs the origin, beside what it costs behind a plain Ketama client on the same stream of keys.

import { setTimeout as sleep } from 'node:timers/promises';
import { machineMillis } from '../../test/support/histories/history.ts';
import type { Course, Drill, Report } from '../drill.ts';
import { Stream } from '../origin-loads/stream.ts';
import { Stand } from '../stand/stand.ts';

const PROCESSES = 2;
const SEED_STEP = 100;
/** How long an item lives, in minutes. */
const TTL_MINUTES = 5;
/** By then each key was read, and loads are steady: the first fills end at any time. */
const WARM_MINUTES = 2;
const TITLE_WIDTH = 44;

/** What a minute is: the short form is the same at a thirtieth of the time, and with as many reads a minute of fewer keys. */
const FULL = { minuteSeconds: 60, keys: 6_000, readsPerSecond: 300 };
const SHORT = { minuteSeconds: 2, keys: 600, readsPerSecond: 900 };

interface Change {
  readonly name: string;
  readonly title: string;
  /** What the figures are, given the stream, when the change was, and the length of a minute. */
  readonly figure: (stream: Stream, at: number, minute: number, isLost: (key: string) => boolean) => string;
  /** Does it, and says when it was and which keys it concerns. */
  readonly change: (stand: Stand, streams: readonly Stream[]) => Promise<(key: string) => boolean>;
}

const loadsOf = ({ name, title, figure, change }: Change): Drill => ({
  name,
  async run({ long, seed }: Course): Promise<Report> {
    const { minuteSeconds, keys, readsPerSecond } = long ? FULL : SHORT;
    const minute = minuteSeconds * 1_000;
    const ttlSeconds = TTL_MINUTES * minuteSeconds;
    const figures: string[] = [];
    // Side by side, each on nodes of its own.
    await using ourStand = await Stand.start({ nodes: 4 });
    await using plainStand = await Stand.start({ nodes: 4 });
    const open = (client: 'smearcache' | 'plain Ketama', stand: Stand): Stream =>
      new Stream(
        PROCESSES,
        {
          client,
          configEndpoint: stand.configEndpoint,
          nodes: namesOf(stand),
          keys,
          readsPerSecond: readsPerSecond / PROCESSES,
          ttlSeconds,
          warmSeconds: minuteSeconds,
        },
        seed * SEED_STEP,
      );
    await using ours = open('smearcache', ourStand);
    await using plain = open('plain Ketama', plainStand);
    await sleep(minute * (WARM_MINUTES + 1));
    const at = machineMillis();
    const [ofOurs, ofPlain] = await Promise.all([change(ourStand, [ours]), change(plainStand, [plain])]);
    await sleep(minute * 2);
    for (const [stream, isConcerned] of [
      [ours, ofOurs],
      [plain, ofPlain],
    ] as const) {
      figures.push(`${stream.client}: ${figure(stream, at, minute, isConcerned)}`);
    }
    const scale = long ? 'minutes of 60 s' : `minutes of ${minuteSeconds} s`;
    const reads = `${(ours.reads + plain.reads).toLocaleString('en')} reads`;
    return {
      line: [
        title.padEnd(TITLE_WIDTH),
        reads,
        ...figures,
        `${keys} keys, ${scale}, TTL ${ttlSeconds} s`,
      ].join(' | '),
      faults: [],
      left: [],
    };
  },
});

export const loadsOfGrowth = loadsOf({
  name: 'loads-add',
  title: '4 -> 6 nodes: loads a minute / in the steady one',
  figure(stream, at, minute) {
    const steady = stream.loadsIn(at - minute, at);
    const ratios = [0, 1].map((n) => stream.loadsIn(at + n * minute, at + (n + 1) * minute) / steady);
    return `${steady} steady, then ${ratios.map((ratio) => `x${ratio.toFixed(2)}`).join(', ')}`;
  },
  async change(stand, streams) {
    await Promise.all([stand.startNode(), stand.startNode()]);
    stand.list();
    for (const stream of streams) stream.use(namesOf(stand));
    return () => true;
  },
});

export const loadsOfDeath = loadsOf({
  name: 'loads-kill',
  title: '1 of 4 nodes killed: loads of its keys, next minute',
  figure(stream, at, minute, isLost) {
    const steady = stream.loadsIn(at - minute, at, isLost);
    const all = stream.loadsIn(at, at + minute, isLost);
    const again = stream.loadsIn(at, at + minute, isLost, true);
    return `${steady} in the steady one, then ${all}, ${again} of them after the first of each key (x${(again / Math.max(1, steady)).toFixed(2)})`;
  },
  async change(stand) {
    const ring = stand.ring();
    const node = stand.nodes[1]!;
    await node.memcached.close();
    return (key) => ring.owner(key).port === node.port;
  },
});

const namesOf = (stand: Stand): string[] => stand.nodes.map(({ host, port }) => `${host}:${port}`);
