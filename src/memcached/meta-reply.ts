// An incremental parser for replies of memcached's meta protocol.
//
// Bytes go in as they come, split anywhere; each whole reply is told to a receiver, which reads its fields off the
// parser before it returns. Nothing is allocated for a reply but its value. A header that lies whole in the input is
// parsed where it lies; one that is split is gathered in a line buffer, each byte copied and looked at once; a value
// is copied once, into a buffer of its own size. So the work is linear in the bytes, however they are split.
//
//   VA <bytes> <flags>*\r\n<value>\r\n        HD|EN|NS|EX|NF <flags>*\r\n
//   VERSION <text>\r\n                        ERROR|CLIENT_ERROR|SERVER_ERROR <text>\r\n
//
// Source: memcached, doc/protocol.txt, "Meta Commands".

import { FLAGS, KINDS, REPLIES, type ReplyKind, VA, WORDS } from './meta-reply-kinds.ts';

/** No reply of ours has a longer header; more without a line end is not memcached. */
const LINE_BYTES = 2048;
/** Above any item size that ElastiCache offers. A longer announcement is refused before memory is set aside. */
export const LONGEST_VALUE_BYTES = 128 * 1024 * 1024;
/** Up to this size values share slabs of Node's buffer pool, which is cheaper than memory of their own. */
const POOLED_BYTES = 4096;
/** Client flags, tokens and times fit into 32 bits, and so do the sizes that are taken. */
const MOST = 0xffffffff;
/** A longer run of digits is refused before it loses precision. */
const MOST_DIGITS = 15;

const SPACE = 32;
const CR = 13;
const LF = 10;
const ZERO = 48;
const NINE = 57;
const MINUS = 45;

const NO_TOKEN = -1;

export class MetaReplyParser {
  kind: ReplyKind = REPLIES.done;
  /** The echoed token; -1 where there is none, as on error lines and on a miss from 1.6.12. */
  token = NO_TOKEN;
  /** Client flags. */
  flags = 0;
  /** Remaining time to live, -1 for ever; `undefined` where it was not asked for. */
  ttlSeconds: number | undefined;
  /** The item's compare-and-swap number as the server spells it: it may have more digits than a number holds. '' if none. */
  cas = '';
  /** The value's length, where it was asked for instead of the value; -1 where it was not. */
  bytes = -1;
  /** `W`: this reader won the lease. `Z`: another one has it. `X`: the value was given back as stale. */
  won = false;
  leased = false;
  stale = false;
  /** The value; only with `REPLIES.value`. Belongs to the receiver. */
  value: Buffer | undefined;
  /** What an error or the version said. */
  text = '';

  readonly #receive: (reply: MetaReplyParser) => boolean;
  /** Why the input was refused; the parser takes no more. */
  #problem: string | undefined;
  #line: Buffer | undefined;
  #lineBytes = 0;
  #valueAt = 0;
  /** Bytes of the line end that must still follow the value. */
  #endBytes = 0;
  #inValue = false;

  /** `receive` is told of each whole reply; `false` stops the parser: what follows is not to be trusted. */
  constructor(receive: (reply: MetaReplyParser) => boolean) {
    this.#receive = receive;
  }

  /** Takes `input[0, length)`. Returns why it is no reply of memcached, or `undefined`. */
  feed(input: Buffer, length: number): string | undefined {
    let at = 0;
    while (at < length && this.#problem === undefined) {
      at = this.#inValue ? this.#takeValue(input, at, length) : this.#takeLine(input, at, length);
    }
    return this.#problem;
  }

  #takeLine(input: Buffer, from: number, length: number): number {
    if (this.#lineBytes > 0) return this.#gatherLine(input, from, length);
    // Headers are short: a plain scan beats a call to indexOf.
    let end = from;
    while (end < length && input[end] !== LF) end++;
    if (end === length || end - from > LINE_BYTES) return this.#gatherLine(input, from, length);
    this.#header(input, from, end);
    return end + 1;
  }

  /** A header that came in parts. Only new bytes are searched for its end. */
  #gatherLine(input: Buffer, from: number, length: number): number {
    const found = input.subarray(from, length).indexOf(LF);
    const end = found < 0 ? length : from + found;
    const bytes = end - from;
    if (this.#lineBytes + bytes > LINE_BYTES) return this.#refuse('a line without an end', length);
    this.#line ??= Buffer.allocUnsafeSlow(LINE_BYTES);
    input.copy(this.#line, this.#lineBytes, from, end);
    this.#lineBytes += bytes;
    if (found < 0) return length;
    const lineBytes = this.#lineBytes;
    this.#lineBytes = 0;
    this.#header(this.#line, 0, lineBytes);
    return end + 1;
  }

  /** `input[from, lineFeed)` is one header, with its carriage return. */
  #header(input: Buffer, from: number, lineFeed: number): void {
    let end = lineFeed;
    if (end > from && input[end - 1] === CR) end--;
    this.token = NO_TOKEN;
    this.flags = 0;
    this.ttlSeconds = undefined;
    this.cas = '';
    this.bytes = -1;
    this.won = false;
    this.leased = false;
    this.stale = false;
    this.value = undefined;
    this.text = '';
    const code = end - from < 2 ? 0 : (input[from]! << 8) | input[from + 1]!;
    // Only the first two bytes count: 1.6.12 puts a space behind them.
    const known = end - from === 2 || input[from + 2] === SPACE;
    const kind = known ? KINDS.get(code) : undefined;
    if (known && code === VA) this.#valueHeader(input, from + 3, end);
    else if (kind === undefined) this.#textLine(input.toString('latin1', from, end));
    else {
      this.kind = kind;
      if (this.#readFlags(input, from + 2, end)) this.#deliver();
    }
  }

  #valueHeader(input: Buffer, from: number, end: number): void {
    let at = from;
    let bytes = 0;
    for (let digit = input[at]!; at < end && digit >= ZERO && digit <= NINE; digit = input[at]!) {
      bytes = bytes * 10 + digit - ZERO;
      at++;
      if (at - from > MOST_DIGITS) break;
    }
    if (at === from || (at < end && input[at] !== SPACE)) {
      this.#refuse('a value without a length', 0);
      return;
    }
    if (bytes > LONGEST_VALUE_BYTES) {
      this.#refuse(`a value of ${bytes} bytes`, 0);
      return;
    }
    this.kind = REPLIES.value;
    if (!this.#readFlags(input, at, end)) return;
    this.value = bytes <= POOLED_BYTES ? Buffer.allocUnsafe(bytes) : Buffer.allocUnsafeSlow(bytes);
    this.#valueAt = 0;
    this.#endBytes = 2;
    this.#inValue = true;
  }

  /** ` f1 O2 …`: the flags that are numbers, and others that are passed over. */
  #readFlags(input: Buffer, from: number, end: number): boolean {
    let at = from;
    while (at < end) {
      if (input[at] === SPACE) {
        at++;
        continue;
      }
      const flag = input[at++];
      if (flag !== FLAGS.flags && flag !== FLAGS.opaque && flag !== FLAGS.ttl && flag !== FLAGS.size) {
        const start = at;
        while (at < end && input[at] !== SPACE) at++;
        this.#otherFlag(flag!, input, start, at);
        continue;
      }
      const forEver = flag === FLAGS.ttl && input[at] === MINUS;
      if (forEver) at++;
      const start = at;
      let number = 0;
      for (let digit = input[at]!; at < end && digit >= ZERO && digit <= NINE; digit = input[at]!) {
        number = number * 10 + digit - ZERO;
        at++;
      }
      if (at === start || at - start > MOST_DIGITS || number > MOST || (at < end && input[at] !== SPACE)) {
        this.#refuse('a flag that is no number', 0);
        return false;
      }
      if (flag === FLAGS.flags) this.flags = number;
      else if (flag === FLAGS.opaque) this.token = number;
      else if (flag === FLAGS.size) this.bytes = number;
      else this.ttlSeconds = forEver ? -1 : number;
    }
    return true;
  }

  #otherFlag(flag: number, input: Buffer, start: number, end: number): void {
    if (flag === FLAGS.cas) this.cas = input.toString('latin1', start, end);
    else if (flag === FLAGS.won) this.won = true;
    else if (flag === FLAGS.leased) this.leased = true;
    else if (flag === FLAGS.stale) this.stale = true;
  }

  #takeValue(input: Buffer, from: number, length: number): number {
    const value = this.value!;
    let at = from;
    const missing = value.length - this.#valueAt;
    if (missing > 0) {
      const bytes = Math.min(missing, length - at);
      input.copy(value, this.#valueAt, at, at + bytes);
      this.#valueAt += bytes;
      at += bytes;
    }
    while (this.#valueAt === value.length && this.#endBytes > 0 && at < length) {
      const expected = this.#endBytes === 2 ? CR : LF;
      if (input[at] !== expected) return this.#refuse('a value longer than announced', length);
      this.#endBytes--;
      at++;
    }
    if (this.#valueAt === value.length && this.#endBytes === 0) {
      this.#inValue = false;
      this.#deliver();
    }
    return at;
  }

  #textLine(line: string): void {
    const word = /^(VERSION|ERROR|CLIENT_ERROR|SERVER_ERROR)(?: |$)/.exec(line)?.[1];
    if (word === undefined) {
      this.#refuse(JSON.stringify(line.slice(0, 60)), 0);
      return;
    }
    this.kind = WORDS[word as keyof typeof WORDS];
    this.text = line.slice(word.length + 1) || word;
    this.#deliver();
  }

  #deliver(): void {
    if (!this.#receive(this)) this.#problem ??= this.text || 'a reply to another request';
    this.value = undefined;
  }

  #refuse(problem: string, at: number): number {
    this.#problem = problem;
    return at;
  }
}
