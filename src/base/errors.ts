// Every error class of the package and every message it renders.
// `name` is a literal because bundlers rename classes; tell errors apart by `code`.

/** What went wrong, stable across versions. */
export type CacheErrorCode =
  | 'NODE_TIMEOUT'
  | 'NODE_CONNECTION'
  | 'NODE_REFUSED'
  | 'NODE_DOWN'
  | 'DEADLINE'
  | 'PROTOCOL'
  | 'DISCOVERY'
  | 'CLOSED'
  | 'ABORTED';

/**
 * A fault of the cache: of a node, of the network, of discovery. It is handed over as a value
 * (`outcome.error`) and logged, never thrown into a handler.
 */
export abstract class CacheError extends Error {
  abstract readonly code: CacheErrorCode;
}

export class NodeTimeoutError extends CacheError {
  override readonly name = 'NodeTimeoutError';
  readonly code = 'NODE_TIMEOUT';

  constructor(node: string, what: 'connect' | 'reply', afterMillis: number) {
    const deed = what === 'connect' ? 'accepted no connection' : 'gave no reply';
    super(`${node} ${deed} within ${Math.round(afterMillis)} ms`);
  }
}

export class NodeConnectionError extends CacheError {
  override readonly name = 'NodeConnectionError';
  readonly code = 'NODE_CONNECTION';

  constructor(node: string, reason: string, cause?: unknown) {
    super(`connection to ${node} failed: ${reason}`, { cause });
  }
}

/** The invocation had no time left, which says nothing about the node. */
export class DeadlineError extends CacheError {
  override readonly name = 'DeadlineError';
  readonly code = 'DEADLINE';

  constructor(node: string) {
    super(`there was no time left for ${node}`);
  }
}

/** The node answered, and its answer was a refusal: out of memory, too many connections, not authorized. */
export class NodeRefusedError extends CacheError {
  override readonly name = 'NodeRefusedError';
  readonly code = 'NODE_REFUSED';

  constructor(node: string, answer: string) {
    super(`${node} refused: ${answer}`);
  }
}

/** The node failed a moment ago and is left alone until its next probe is due. */
export class NodeDownError extends CacheError {
  override readonly name = 'NodeDownError';
  readonly code = 'NODE_DOWN';

  constructor(node: string, cause: CacheError) {
    super(`${node} is down: ${cause.message}`, { cause });
  }
}

/** A reply that cannot be trusted. Its connection is dropped with it. */
export class ProtocolError extends CacheError {
  override readonly name = 'ProtocolError';
  readonly code = 'PROTOCOL';

  constructor(node: string, what: string) {
    super(`unexpected reply from ${node}: ${what}`);
  }
}

export class DiscoveryError extends CacheError {
  override readonly name = 'DiscoveryError';
  readonly code = 'DISCOVERY';

  constructor(source: string, reason: string, cause?: unknown) {
    super(`no node list from ${source}: ${reason}`, { cause });
  }
}

export class ClosedError extends CacheError {
  override readonly name = 'ClosedError';
  readonly code = 'CLOSED';

  constructor(what: string) {
    super(`${what} is closed`);
  }
}

/** The caller's `AbortSignal` said so. */
export class AbortedError extends CacheError {
  override readonly name = 'AbortedError';
  readonly code = 'ABORTED';

  constructor() {
    super('the call was aborted');
  }
}

/** The caller's loader did not settle in time. Thrown to who asked for the value, like what a loader throws. */
export class LoadTimeoutError extends Error {
  override readonly name = 'LoadTimeoutError';
  readonly code = 'LOAD_TIMEOUT';

  constructor(key: string, afterMillis: number) {
    super(`the loader of ${JSON.stringify(key)} did not settle within ${Math.round(afterMillis)} ms`);
  }
}

/**
 * What became of an idempotency record is not certain, or it cannot be kept. Unlike faults of the cache this one is thrown,
 * so that nothing is executed twice on a guess. `cause` is the fault, where there was one.
 */
export class IdempotencyStoreError extends Error {
  override readonly name = 'IdempotencyStoreError';
  readonly code = 'IDEMPOTENCY_STORE';

  constructor(reason: string, cause?: CacheError) {
    super(reason, cause === undefined ? {} : { cause });
  }
}

/** Wrong options: the caller's mistake, thrown at once, with every problem and its mending in one message. */
export class OptionsError extends TypeError {
  override readonly name = 'OptionsError';
  readonly code = 'OPTIONS';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`invalid smearcache options: ${problems.join('; ')}`, {
      cause: { package: 'smearcache', data: problems },
    });
    this.problems = problems;
  }
}

/** An error in one line; some errors of Node's have only a code. */
export function reasonOf(error: unknown): string {
  try {
    if (!(error instanceof Error)) return String(error);
    const code = (error as NodeJS.ErrnoException).code;
    return error.message === '' && code !== undefined ? code : error.message;
  } catch {
    // Callers may throw what has no words: an object without a prototype, or a message that throws.
    return 'something that cannot be shown';
  }
}
