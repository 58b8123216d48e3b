// How the meta protocol spells its replies. Source: memcached, doc/protocol.txt, "Meta Commands".

export const REPLIES = {
  value: 0,
  done: 1,
  miss: 2,
  notStored: 3,
  exists: 4,
  notFound: 5,
  version: 6,
  error: 7,
  clientError: 8,
  serverError: 9,
} as const;
export type ReplyKind = (typeof REPLIES)[keyof typeof REPLIES];

const code = (letters: string): number => (letters.charCodeAt(0) << 8) | letters.charCodeAt(1);
export const VA = code('VA');
export const KINDS: ReadonlyMap<number, ReplyKind> = new Map<number, ReplyKind>([
  [code('HD'), REPLIES.done],
  [code('EN'), REPLIES.miss],
  [code('NS'), REPLIES.notStored],
  [code('EX'), REPLIES.exists],
  [code('NF'), REPLIES.notFound],
]);
export const WORDS = {
  VERSION: REPLIES.version,
  ERROR: REPLIES.error,
  CLIENT_ERROR: REPLIES.clientError,
  SERVER_ERROR: REPLIES.serverError,
} as const;

const flag = (letter: string): number => letter.charCodeAt(0);

/** Flags of a reply, by the letters of the protocol. */
export const FLAGS = {
  flags: flag('f'),
  opaque: flag('O'),
  ttl: flag('t'),
  cas: flag('c'),
  size: flag('s'),
  won: flag('W'),
  stale: flag('X'),
  leased: flag('Z'),
} as const;
