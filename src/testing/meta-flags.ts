import { decodeBase64Key } from './base64-key.ts';
import { parseInt32, parseUint32, parseUint64 } from './integers.ts';
import { KEY_MAX_BYTES } from './item.ts';
import { BAD_FORMAT } from './text-outcome.ts';

/** The flags of one meta command, read. TTLs are as they came, not yet on the node's clock. */
export interface MetaFlags {
  /** Decoded, where `b` said so. */
  key: string;
  binaryKey: boolean;
  /** The tokens again, in their order: replies keep it. */
  readonly tokens: readonly string[];
  quiet: boolean;
  wantsValue: boolean;
  /** `u`: this read is not to be noticed. */
  unnoticed: boolean;
  /** `I` */
  stale: boolean;
  /** `M`; '' when there was none. */
  mode: string;
  vivifyTtl: number | undefined;
  ttl: number | undefined;
  recacheTtl: number | undefined;
  clientFlags: number;
  /** `C`; undefined when there was none. */
  cas: bigint | undefined;
  delta: bigint;
  initial: bigint;
}

export type ParsedFlags =
  | { readonly kind: 'flags'; readonly flags: MetaFlags }
  | { readonly kind: 'error'; readonly text: string };

const BAD_TOKEN = 'CLIENT_ERROR bad token in command line format';
/** Known, and of no meaning for the reading of the command. `P` and `L` are a proxy's. */
const INERT = 'OPLkstcflh';
/** With the command and its key. */
export const META_TOKENS_MAX = 19;

/** Reads the flags behind key (and, in `ms`, length). Of several bad tokens the last one names the error. */
export function parseMetaFlags(key: string, tokens: readonly string[]): ParsedFlags {
  const flags: MetaFlags = {
    key,
    binaryKey: false,
    tokens,
    quiet: false,
    wantsValue: false,
    unnoticed: false,
    stale: false,
    mode: '',
    vivifyTtl: undefined,
    ttl: undefined,
    recacheTtl: undefined,
    clientFlags: 0,
    cas: undefined,
    delta: 1n,
    initial: 0n,
  };
  let failed = false;
  let text = BAD_FORMAT;
  const seen = new Set<string>();
  for (const token of tokens) {
    const letter = token[0]!;
    if (letter >= '\x7f' || seen.has(letter)) return { kind: 'error', text: 'CLIENT_ERROR duplicate flag' };
    seen.add(letter);
    const problem = readFlag(flags, letter, token.slice(1));
    if (problem === 'unknown') return { kind: 'error', text: 'CLIENT_ERROR invalid flag' };
    if (problem === undefined) continue;
    failed = true;
    if (problem !== 'unnamed') text = problem;
  }
  return failed ? { kind: 'error', text } : { kind: 'flags', flags };
}

/** For `md` and `ma`, which name no particulars of a bad flag. */
export function parseKeyAndFlags(tokens: readonly string[]): ParsedFlags {
  const key = tokens[1];
  if (key === undefined) return { kind: 'error', text: 'ERROR' };
  if (key.length > KEY_MAX_BYTES) return { kind: 'error', text: BAD_FORMAT };
  if (tokens.length > META_TOKENS_MAX) return { kind: 'error', text: 'CLIENT_ERROR options flags too long' };
  const parsed = parseMetaFlags(key, tokens.slice(2));
  return parsed.kind === 'error' ? { kind: 'error', text: 'CLIENT_ERROR invalid or duplicate flag' } : parsed;
}

/** Undefined when all is well, else the error's text, or that it has none of its own. */
function readFlag(flags: MetaFlags, letter: string, argument: string): string | undefined {
  switch (letter) {
    case 'b': {
      const key = decodeBase64Key(flags.key);
      flags.binaryKey = true;
      if (key === undefined) return 'CLIENT_ERROR error decoding key';
      flags.key = key;
      return undefined;
    }
    case 'N':
      flags.vivifyTtl = parseInt32(argument);
      return flags.vivifyTtl === undefined ? BAD_TOKEN : undefined;
    case 'T':
      flags.ttl = parseInt32(argument);
      return flags.ttl === undefined ? BAD_TOKEN : undefined;
    case 'R':
      flags.recacheTtl = parseInt32(argument);
      return flags.recacheTtl === undefined ? BAD_TOKEN : undefined;
    case 'C':
      flags.cas = parseUint64(argument);
      return flags.cas === undefined ? BAD_TOKEN : undefined;
    case 'F': {
      const clientFlags = parseUint32(argument);
      flags.clientFlags = clientFlags ?? 0;
      return clientFlags === undefined ? 'unnamed' : undefined;
    }
    case 'M':
      flags.mode = argument;
      return argument.length === 1 ? undefined : 'CLIENT_ERROR incorrect length for M token';
    case 'J': {
      const initial = parseUint64(argument);
      flags.initial = initial ?? 0n;
      return initial === undefined ? 'CLIENT_ERROR invalid numeric initial value' : undefined;
    }
    case 'D': {
      const delta = parseUint64(argument);
      flags.delta = delta ?? 0n;
      return delta === undefined ? 'CLIENT_ERROR invalid numeric delta value' : undefined;
    }
    case 'v':
      flags.wantsValue = true;
      return undefined;
    case 'u':
      flags.unnoticed = true;
      return undefined;
    case 'q':
      flags.quiet = true;
      return undefined;
    case 'I':
      flags.stale = true;
      return undefined;
    default:
      return INERT.includes(letter) ? undefined : 'unknown';
  }
}
