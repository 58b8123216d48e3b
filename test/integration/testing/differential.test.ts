import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_TTL_SECONDS } from '../../../src/base/units.ts';
import { startNode, type TestNode } from '../../../src/testing/index.ts';
import { type Memcached, memcachedAvailable, startMemcached } from '../../support/memcached.ts';
import {
  type BinaryRequest,
  binarySession,
  decodeReplies,
  encodeRequest,
} from '../../support/random-binary-requests.ts';
import { type Batch, textSession } from '../../support/random-text-commands.ts';
import { exchange } from '../../support/raw-client.ts';

type Server = TestNode | Memcached;

/**
 * Nothing by chance: one thread, so that a connection's last reply has let go of its item before the next one is
 * served; no pause between the commands of one read, so that nothing is sent early; no thread that moves items
 * about, for what it holds on to is counted up in a new item, without the blanks behind a number.
 */
const STEADY = ['-t', '1', '-R', '1000', '-o', 'no_lru_maintainer,no_lru_crawler'];
const TEXT_RUNS = 500;
const BINARY_RUNS = 250;
/** Not compared: what hangs on the connections, and on when memcached's crawlers pass by. */
const COUNTED = /^STAT (cmd_|get_hits|get_misses|delete_|incr_|decr_|cas_|touch_|store_|total_items)/;
/** A remaining time that is negative, which memcached writes without a sign. */
const PAST_SECONDS = 2 ** 31;

describe.skipIf(!memcachedAvailable)('the in-process node and memcached (needs memcached)', () => {
  let ours: TestNode;
  let real: Memcached;

  beforeAll(async () => {
    [ours, real] = await Promise.all([startNode(), startMemcached({ args: STEADY })]);
  });
  afterAll(() => Promise.all([ours?.close(), real?.close()]));

  it('answer the same text commands with the same bytes, and count them alike', async () => {
    await fc.assert(
      fc.asyncProperty(textSession, async (batches) => {
        const [mine, theirs] = await Promise.all([playText(ours, batches), playText(real, batches)]);
        expect(mine).toEqual(theirs);
      }),
      { numRuns: TEXT_RUNS },
    );
  });

  it('answer the same binary requests with the same bytes', async () => {
    await fc.assert(
      fc.asyncProperty(binarySession, async (connections) => {
        const [mine, theirs] = await Promise.all([
          playBinary(ours, connections),
          playBinary(real, connections),
        ]);
        expect(mine).toEqual(theirs);
      }),
      { numRuns: BINARY_RUNS },
    );
  });
});

async function playText(server: Server, batches: readonly Batch[]): Promise<string[]> {
  const casBase = await emptied(server);
  const answers: string[] = [];
  for (const { commands, cuts } of batches) {
    const text = commands
      .join('')
      .replace(/<cas\+(\d+)>/g, (_, after) => String(casBase + BigInt(after)))
      .replace(/<fill (\d+)>/g, (_, length) => 'z'.repeat(Number(length)));
    const ends = [...cuts.map((part) => Math.floor(part * text.length)), text.length];
    const pieces = ends
      .map((end, index) => text.slice(ends[index - 1] ?? 0, end))
      .filter((piece) => piece !== '');
    answers.push(comparable(await exchange(server, pieces), casBase));
  }
  const stats = (await exchange(server, ['stats\r\n'])).split('\r\n').filter((line) => COUNTED.test(line));
  return [...answers, stats.join('\n')];
}

async function playBinary(
  server: Server,
  connections: readonly (readonly BinaryRequest[])[],
): Promise<string[][]> {
  const casBase = await emptied(server);
  const answers: string[][] = [];
  for (const requests of connections) {
    const bytes = requests.map((request, opaque) => encodeRequest(request, opaque, casBase)).join('');
    answers.push(decodeReplies(await exchange(server, [bytes]), casBase));
  }
  return answers;
}

/** An empty server, and the cas unique from which all later ones count. */
async function emptied(server: Server): Promise<bigint> {
  const reply = await exchange(server, ['stats reset\r\nflush_all\r\nms base 0 c\r\n\r\n']);
  return BigInt(/HD c(\d+)/.exec(reply)![1]!);
}

/** The reply without what may differ: the counting of cas uniques, and the second in which it was given. */
function comparable(reply: string, casBase: bigint): string {
  const cas = (digits: string): string => (digits === '0' ? '0' : `base+${BigInt(digits) - casBase}`);
  return reply
    .replace(/^(HD|VA|NS|EX|NF)( .*)$/gm, (_, status, flags) => {
      const steady = flags
        .replace(/ c(\d+)/, (_: string, digits: string) => ` c${cas(digits)}`)
        .replace(/ t(\d+)/, (_: string, digits: string) => ` t${steadySeconds(Number(digits))}`)
        .replace(/ l\d/, ' l0');
      return status + steady;
    })
    .replace(/^(VALUE \S+ \d+ \d+) (\d+)$/gm, (_, head, digits) => `${head} ${cas(digits)}`)
    .replace(
      /^(ME .* exp=)(\S+) la=\d (cas=)(\d+)( fetch=\w+) cls=\d+/gm,
      (_, head, exp, name, digits, fetch) =>
        [head, steadySeconds(-Number(exp)), name, cas(digits), fetch].join(''),
    );
}

/** To the next ten: all TTLs but dates are far enough from one another, and from their ends. */
function steadySeconds(left: number): string {
  if (left > PAST_SECONDS || left < -1) return 'past';
  return left > MAX_TTL_SECONDS ? 'date' : `${Math.ceil((left - 2) / 10) * 10}`;
}
