/** What a text command comes to. Data and swallowed bytes follow its line on the wire. */
export type TextOutcome =
  /** `flush`: this reply, and all before it, are out. */
  | { readonly kind: 'reply'; readonly reply: Buffer; readonly flush: boolean }
  | { readonly kind: 'silence' }
  /** `complete` is called with the announced bytes and the two behind them, which should be CR LF. */
  | { readonly kind: 'data'; readonly byteLength: number; readonly complete: (block: Buffer) => TextOutcome }
  | { readonly kind: 'swallow'; readonly byteLength: number; readonly next: TextOutcome }
  /** Replies that were not flushed are lost, and this one takes their place. */
  | { readonly kind: 'instead'; readonly reply: Buffer }
  /** What was replied goes out, then the connection ends. */
  | { readonly kind: 'quit' }
  /** The connection ends, and replies that were not flushed with it. */
  | { readonly kind: 'close' };

export const SILENCE: TextOutcome = { kind: 'silence' };
export const QUIT: TextOutcome = { kind: 'quit' };
export const CLOSE: TextOutcome = { kind: 'close' };

export const BAD_FORMAT = 'CLIENT_ERROR bad command line format';
export const TOO_LARGE = 'SERVER_ERROR object too large for cache';
export const NO_MEMORY = 'SERVER_ERROR out of memory storing object';

export const CRLF = '\r\n';

/** One character per byte, so that keys come back as they were. */
export const lineOf = (text: string): Buffer => Buffer.from(text + CRLF, 'latin1');

export const reply = (text: string): TextOutcome => ({ kind: 'reply', reply: lineOf(text), flush: false });

export const replyUnless = (noreply: boolean, text: string): TextOutcome => (noreply ? SILENCE : reply(text));

export const isTerminated = (block: Buffer): boolean => block.at(-2) === 0x0d && block.at(-1) === 0x0a;

/** A reply of lines and values, in one piece. */
export const flushed = (parts: readonly Buffer[]): TextOutcome => ({
  kind: 'reply',
  reply: Buffer.concat(parts),
  flush: true,
});
