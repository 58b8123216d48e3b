import { type Random, seededRandom } from '../../src/base/random.ts';
import { MetaReplyParser } from '../../src/memcached/meta-reply.ts';

/** What replies are made of, whole and broken, so that chance gets past the first byte. */
const FRAGMENTS = [
  ...['VA ', 'HD', 'EN', 'NS', 'EX', 'NF', 'VERSION ', 'ERROR', 'CLIENT_ERROR ', 'SERVER_ERROR '],
  ...[
    'HD O1\r\n',
    'EN\r\n',
    'HD \r\n',
    'VA 0 f0 O1\r\n\r\n',
    'VA 3 f7 O2\r\nabc\r\n',
    'VA 5 O3 f1\r\nab',
    'NF O4',
  ],
  ...[
    '\r\n',
    '\r\n',
    '\r\n',
    '\r',
    '\n',
    ' ',
    ' f',
    ' O',
    ' f1',
    ' O2',
    ' s3',
    ' t-1',
    ' W',
    '-',
    '\0',
    '\x81',
    '\xff',
  ],
  ...[
    '0',
    '1',
    '2',
    '3',
    '9',
    '12',
    '4294967295',
    '134217729',
    '1073741824',
    '99999999999999999999',
    '1.6.18',
  ],
  ...['abc', 'o', 'STORED', 'END', 'mg k v\r\n', 'set k 0 0 1\r\n'],
].map((text) => Buffer.from(text, 'latin1'));

const MOST_FRAGMENTS = 12;
const input = Buffer.alloc(512);
/** A socket's read buffer: behind `length` lies what an earlier read left. */
const readBuffer = Buffer.alloc(512, 'HD O1\r\n');

interface Observed {
  replies: number;
  refused: boolean;
  /** A sum over all that was told, so that two runs are compared without being kept. */
  digest: number;
}

/**
 * Feeds `count` random inputs to a parser each, once whole and once in random pieces. Throws, with the input, where
 * the parser throws, tells of a reply after it refused, takes a refusal back, or tells something else of the pieces.
 */
export function fuzzReplies(count: number, seed: number): { replies: number; refused: number } {
  const random = seededRandom(seed);
  let replies = 0;
  let refused = 0;
  for (let run = 0; run < count; run++) {
    const length = fill(random);
    try {
      const whole = observe(length, () => length);
      const pieces = observe(length, (left) => 1 + Math.floor(random() * Math.min(left, 24)));
      if (whole.replies !== pieces.replies || whole.digest !== pieces.digest)
        throw new Error('pieces differ');
      if (whole.refused !== pieces.refused) throw new Error('only one of them is refused');
      replies += whole.replies;
      if (whole.refused) refused++;
    } catch (error) {
      const text = JSON.stringify(input.toString('latin1', 0, length));
      throw new Error(`run ${run} of seed ${seed}, ${text}: ${(error as Error).message}`, { cause: error });
    }
  }
  return { replies, refused };
}

function fill(random: Random): number {
  let length = 0;
  for (let left = Math.floor(random() * MOST_FRAGMENTS); left >= 0; left--) {
    const draw = random();
    if (draw < 0.1) input[length++] = Math.floor(draw * 2560);
    else length += FRAGMENTS[Math.floor(random() * FRAGMENTS.length)]!.copy(input, length);
  }
  // Now and then one byte of it is another.
  if (random() < 0.2) input[Math.floor(random() * length)] = Math.floor(random() * 256);
  return length;
}

function observe(length: number, pieceBytes: (left: number) => number): Observed {
  const observed: Observed = { replies: 0, refused: false, digest: 0 };
  const mix = (number: number): void => {
    observed.digest = (Math.imul(observed.digest, 31) + number) | 0;
  };
  const parser = new MetaReplyParser((reply) => {
    if (observed.refused) throw new Error('a reply after the refusal');
    observed.replies++;
    mix(reply.kind);
    mix(reply.token);
    mix(reply.flags);
    mix(reply.ttlSeconds ?? -2);
    if (reply.value !== undefined) for (const byte of reply.value) mix(byte);
    for (let at = 0; at < reply.text.length; at++) mix(reply.text.charCodeAt(at));
    return true;
  });
  for (let from = 0; from < length; ) {
    const bytes = pieceBytes(length - from);
    input.copy(readBuffer, 0, from, from + bytes);
    const problem = parser.feed(readBuffer, bytes);
    if (observed.refused && problem === undefined) throw new Error('the refusal was taken back');
    observed.refused = problem !== undefined;
    from += bytes;
  }
  return observed;
}
