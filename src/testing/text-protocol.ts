import type { ByteQueue } from './byte-queue.ts';
import * as classic from './classic-commands.ts';
import { metaArithmetic } from './meta-arithmetic.ts';
import { metaDebug } from './meta-debug.ts';
import { metaDelete } from './meta-delete.ts';
import { metaGet } from './meta-get.ts';
import { metaSet } from './meta-set.ts';
import type { NodeState } from './node-state.ts';
import type { Outbox } from './outbox.ts';
import { storage } from './storage-commands.ts';
import { CLOSE, flushed, lineOf, QUIT, reply, type TextOutcome } from './text-outcome.ts';

/** A line that has not ended by then is nobody's command. */
const LINE_PATIENCE_BYTES = 2048;
/** memcached's read buffer: only the classic multi-get may be longer. */
const LINE_MAX_BYTES = 16_384;

/** Enough to see the command behind its leading spaces, of which memcached bears a hundred. */
const LINE_START_BYTES = 106;

/** What the connection waits for. */
type Expecting =
  | { readonly kind: 'line' }
  | { readonly kind: 'data'; readonly byteLength: number; readonly complete: (block: Buffer) => TextOutcome }
  | { readonly kind: 'swallow'; readonly byteLength: number; readonly next: TextOutcome };

const LINE: Expecting = { kind: 'line' };

/** The classic and meta text commands of one connection: takes what has come, whatever its split. */
export class TextProtocol {
  readonly #state: NodeState;
  #expecting: Expecting = LINE;

  constructor(state: NodeState) {
    this.#state = state;
  }

  /** Carries out all complete requests. False when the connection is to end. */
  advance(input: ByteQueue, outbox: Outbox): boolean {
    for (;;) {
      const outcome = this.#next(input);
      if (outcome === undefined) return true;
      if (!this.#carryOut(outcome, outbox)) return false;
    }
  }

  /** Undefined when more bytes are needed. */
  #next(input: ByteQueue): TextOutcome | undefined {
    const expecting = this.#expecting;
    switch (expecting.kind) {
      case 'line':
        return this.#nextLine(input);
      case 'data': {
        const block = input.take(expecting.byteLength);
        if (block === undefined) return undefined;
        this.#expecting = LINE;
        return expecting.complete(block);
      }
      case 'swallow': {
        const byteLength = expecting.byteLength - input.skip(expecting.byteLength);
        this.#expecting = byteLength === 0 ? LINE : { ...expecting, byteLength };
        return byteLength === 0 ? expecting.next : undefined;
      }
      default:
        return expecting satisfies never;
    }
  }

  #nextLine(input: ByteQueue): TextOutcome | undefined {
    const line = input.takeLine();
    if (line !== undefined) {
      if (line.length >= LINE_MAX_BYTES && !isMultiGet(line)) return CLOSE;
      return runLine(this.#state, line);
    }
    if (input.length <= LINE_PATIENCE_BYTES) return undefined;
    return isMultiGet(input.peek(LINE_START_BYTES).toString('latin1')) ? undefined : CLOSE;
  }

  #carryOut(outcome: TextOutcome, outbox: Outbox): boolean {
    switch (outcome.kind) {
      case 'reply':
        outbox.push(outcome.reply);
        if (outcome.flush) outbox.flush();
        return true;
      case 'silence':
        return true;
      case 'data':
      case 'swallow':
        this.#expecting = outcome;
        return true;
      case 'instead':
        outbox.dropUnsent();
        outbox.push(outcome.reply);
        return true;
      case 'quit':
        return false;
      case 'close':
        outbox.dropUnsent();
        return false;
      default:
        return outcome satisfies never;
    }
  }
}

const isMultiGet = (line: string): boolean => /^ {0,100}gets? /.test(line);

function runLine(state: NodeState, line: string): TextOutcome {
  // A lone CR is kept, and is an error; memcached takes a line for a C string, which a NUL ends.
  const text = (line.length > 1 && line.endsWith('\r') ? line.slice(0, -1) : line).split('\0', 1)[0]!;
  const tokens = text.split(' ').filter((token) => token !== '');
  const command = tokens[0] ?? '';
  if (command.length < 2) return reply('ERROR');
  return (
    (state.speaksMeta ? runMeta(state, command, tokens) : undefined) ?? runClassic(state, command, tokens)
  );
}

function runMeta(state: NodeState, command: string, tokens: readonly string[]): TextOutcome | undefined {
  switch (command) {
    case 'mg':
      return metaGet(state, tokens);
    case 'ms':
      return metaSet(state, tokens);
    case 'md':
      return metaDelete(state, tokens);
    case 'ma':
      return metaArithmetic(state, tokens);
    case 'me':
      return metaDebug(state, tokens);
    case 'mn':
      return flushed([lineOf('MN')]);
    default:
      return undefined;
  }
}

function runClassic(state: NodeState, command: string, tokens: readonly string[]): TextOutcome {
  switch (command) {
    case 'get':
    case 'bget':
      return classic.get(state, tokens);
    case 'gets':
      return classic.get(state, tokens, { withCas: true });
    case 'gat':
      return classic.get(state, tokens, { touches: true });
    case 'gats':
      return classic.get(state, tokens, { withCas: true, touches: true });
    case 'set':
    case 'add':
    case 'replace':
    case 'append':
    case 'prepend':
    case 'cas':
      return storage(state, tokens, command);
    case 'touch':
      return classic.touch(state, tokens);
    case 'delete':
      return classic.remove(state, tokens);
    case 'incr':
      return classic.addDelta(state, tokens, 1n);
    case 'decr':
      return classic.addDelta(state, tokens, -1n);
    case 'flush_all':
      return classic.flushAll(state, tokens);
    case 'verbosity':
      return classic.verbosity(tokens);
    case 'stats':
      return classic.stats(state, tokens);
    case 'config':
      return classic.config(state, tokens);
    case 'version':
      return reply(`VERSION ${state.version}`);
    case 'shutdown':
      return reply('ERROR: shutdown not enabled');
    case 'quit':
      return QUIT;
    default:
      return reply('ERROR');
  }
}
