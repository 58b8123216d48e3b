import type { Seconds } from '../base/units.ts';
import { encodeBase64Key } from './base64-key.ts';
import type { Item } from './item.ts';
import type { MetaFlags } from './meta-flags.ts';

/** With its letter. */
const OPAQUE_MAX_BYTES = 32;
export const OPAQUE_TOO_LONG = 'CLIENT_ERROR opaque token too long';

export const isOpaqueTooLong = (token: string): boolean => token.length > OPAQUE_MAX_BYTES;

/** ` k<key>`, with a ` b` behind it where the key went through base64. */
export const keyEcho = (key: string, binaryKey: boolean): string =>
  binaryKey ? ` k${encodeBase64Key(key)} b` : ` k${key}`;

/** `O` and `k` come back in the order in which they were sent; undefined when the opaque is too long. */
export function echo(flags: MetaFlags): string | undefined {
  let text = '';
  for (const token of flags.tokens) {
    if (token[0] === 'k') text += keyEcho(flags.key, flags.binaryKey);
    if (token[0] !== 'O') continue;
    if (isOpaqueTooLong(token)) return undefined;
    text += ` ${token}`;
  }
  return text;
}

/** -1 is for ever. An item that was just given a TTL of the past tells a huge number. */
export const remainingSeconds = ({ expiresAt }: Item, now: Seconds): Seconds =>
  expiresAt === 0 ? -1 : (expiresAt - now) >>> 0;
