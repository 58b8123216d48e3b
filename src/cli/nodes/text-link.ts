import type { Socket } from 'node:net';
import { reasonOf } from '../../base/errors.ts';
import type { Millis } from '../../base/units.ts';
import type { Dial } from '../../memcached/dial.ts';

/** What a node said, or why it said nothing. */
export type Answer =
  | { readonly kind: 'answer'; readonly text: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** More than any answer that is asked for here. */
const MOST_BYTES = 1024 * 1024;

/**
 * One connection for an operator's questions, one at a time, in memcached's text protocol. What goes wrong is an answer;
 * nothing is thrown.
 */
export class TextLink {
  readonly #socket: Socket;
  readonly #timeoutMillis: Millis;
  #text = '';
  #take: ((text: string) => void) | undefined;
  #lost: ((reason: string) => void) | undefined;
  #ended: string | undefined;
  readonly #opened: Promise<string | undefined>;

  private constructor(dial: Dial, timeoutMillis: Millis) {
    this.#timeoutMillis = timeoutMillis;
    let connected: () => void = () => {};
    this.#opened = new Promise((resolve) => {
      connected = () => resolve(undefined);
      this.#lost = resolve;
    });
    this.#socket = dial({
      connected,
      // The buffer is used again: what was said is copied at once.
      data: (bytes, length) => this.#take?.(bytes.toString('latin1', 0, length)),
    });
    this.#socket.on('error', (error) => this.#end(reasonOf(error)));
    this.#socket.on('close', () => this.#end('the connection was closed'));
  }

  /** A connection that stands, or why there is none. `timeoutMillis` bounds the connect and then every answer. */
  static async open(dial: Dial, timeoutMillis: Millis): Promise<TextLink | { readonly failed: string }> {
    const link = new TextLink(dial, timeoutMillis);
    const timer = setTimeout(() => link.#end(`no connection within ${timeoutMillis} ms`), timeoutMillis);
    const reason = await link.#opened;
    clearTimeout(timer);
    return reason === undefined ? link : { failed: reason };
  }

  /** With TLS, a `TLSSocket`. */
  get socket(): Socket {
    return this.#socket;
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /** Sends one line and gives what comes back, once `complete` says that all of it is there. */
  ask(line: string, complete: RegExp): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.resolve({ kind: 'failed', reason: this.#ended });
    return new Promise((resolve) => {
      const settle = (answer: Answer): void => {
        clearTimeout(timer);
        this.#take = undefined;
        this.#lost = undefined;
        resolve(answer);
      };
      const timer = setTimeout(
        () => this.#end(`no answer to ${line} within ${this.#timeoutMillis} ms`),
        this.#timeoutMillis,
      );
      this.#text = '';
      this.#lost = (reason) => settle({ kind: 'failed', reason });
      this.#take = (text) => {
        this.#text += text;
        if (complete.test(this.#text)) settle({ kind: 'answer', text: this.#text });
        else if (this.#text.length > MOST_BYTES) this.#end('the answer has no end');
      };
      this.#socket.write(`${line}\r\n`);
    });
  }

  /** From now on all that comes goes to `take`, and `ended` is told when nothing more does. */
  stream(take: (text: string) => void, ended: (reason: string) => void): void {
    this.#take = take;
    this.#lost = ended;
    if (this.#ended !== undefined) ended(this.#ended);
  }

  close(): void {
    this.#lost = undefined;
    this.#take = undefined;
    this.#end('it was closed here');
  }

  #end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#socket.destroy();
    this.#lost?.(reason);
  }
}

/** One whole line. */
export const ONE_LINE = /\r\n$/;

/** A list that ends in END, or a refusal. */
const LIST = /(?:^|\n)(?:END|ERROR|(?:CLIENT|SERVER)_ERROR[^\r\n]*)\r\n$/;

/** `stats` or `stats settings` by name; a refusal is a failure. */
export async function statsOf(
  link: TextLink,
  which = '',
): Promise<ReadonlyMap<string, string> | { readonly failed: string }> {
  const answer = await link.ask(`stats${which === '' ? '' : ` ${which}`}`, LIST);
  if (answer.kind === 'failed') return { failed: answer.reason };
  const entries = Array.from(
    answer.text.matchAll(/^STAT (\S+) ?([^\r\n]*)\r?$/gm),
    ([, name, value]): [string, string] => [name!, value!],
  );
  if (entries.length === 0)
    return { failed: `it answered ${JSON.stringify(answer.text.slice(0, 60).trimEnd())}` };
  return new Map(entries);
}

/** A counter of `stats`; `undefined` where the node does not have it. */
export function figure(stats: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = stats.get(name);
  return text !== undefined && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}
