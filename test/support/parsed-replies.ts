import { MetaReplyParser } from '../../src/memcached/meta-reply.ts';
import { REPLIES, type ReplyKind } from '../../src/memcached/meta-reply-kinds.ts';

/** One reply as the parser told of it; only fields that its kind has. */
export interface ParsedReply {
  readonly kind: keyof typeof REPLIES;
  readonly token: number;
  readonly flags: number;
  readonly ttlSeconds?: number;
  readonly value?: string;
  readonly text?: string;
}

export interface Parsed {
  readonly replies: readonly ParsedReply[];
  /** Why the input was refused. */
  readonly problem: string | undefined;
}

const NAMES = new Map(
  Object.entries(REPLIES).map(([name, kind]) => [kind as ReplyKind, name as keyof typeof REPLIES]),
);
const WITH_TEXT: ReadonlySet<ReplyKind> = new Set([
  REPLIES.version,
  REPLIES.error,
  REPLIES.clientError,
  REPLIES.serverError,
]);

/**
 * What the parser makes of these pieces, each in a read buffer that is overwritten behind it, as a socket's is.
 * Throws where it tells of a reply after it refused the input.
 */
export function parsePieces(pieces: readonly Buffer[]): Parsed {
  const replies: ParsedReply[] = [];
  let problem: string | undefined;
  const parser = new MetaReplyParser((reply) => {
    if (problem !== undefined) throw new Error('a reply after the input was refused');
    replies.push(seen(reply));
    return true;
  });
  const longest = pieces.reduce((most, { length }) => Math.max(most, length), 0);
  // Longer than what is announced: bytes behind `length` are an earlier read's.
  const readBuffer = Buffer.alloc(longest + 16, 'HD O9\r\n');
  for (const piece of pieces) {
    piece.copy(readBuffer);
    const answer = parser.feed(readBuffer, piece.length);
    if (problem !== undefined && answer !== problem) throw new Error('the refusal was taken back');
    problem = answer;
    readBuffer.fill('HD O9\r\n');
  }
  return { replies, problem };
}

function seen(reply: MetaReplyParser): ParsedReply {
  const { kind, token, flags, ttlSeconds, value, text } = reply;
  return {
    kind: NAMES.get(kind)!,
    token,
    flags,
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    ...(kind === REPLIES.value ? { value: value!.toString('latin1') } : {}),
    ...(WITH_TEXT.has(kind) ? { text } : {}),
  };
}

/** `bytes` cut at these places. */
export function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set(cuts.map((cut) => Math.min(Math.max(cut, 0), bytes.length)))].sort(
    (a, b) => a - b,
  );
  const pieces: Buffer[] = [];
  let from = 0;
  for (const end of [...ends, bytes.length]) {
    pieces.push(bytes.subarray(from, end));
    from = end;
  }
  return pieces;
}
