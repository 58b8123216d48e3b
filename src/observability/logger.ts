import type { ClientEvent, Observer } from '../base/events.ts';

type Level = 'debug' | 'info' | 'warn';

/** The part of a Powertools logger that is used. */
type EventLogger = Readonly<Record<Level, (message: string, ...details: Record<string, unknown>[]) => void>>;

/** How each event reads in the log. */
const MESSAGES: Readonly<Record<ClientEvent['kind'], readonly [Level, string]>> = {
  'topology-changed': ['info', 'cache nodes'],
  'discovery-failed': ['warn', 'cache discovery failed'],
  'node-down': ['warn', 'cache node is down'],
  'node-up': ['info', 'cache node is up again'],
  'transport-chosen': ['debug', 'cache node speaks'],
  'refresh-failed': ['warn', 'stale value could not be renewed and is served on'],
  'value-skipped': ['warn', 'value is too large for the cache node and was not stored'],
  'value-undecodable': ['warn', 'cached value could not be read and counts as a miss'],
  'hot-key-promoted': ['info', 'cache key is hot and is spread over several nodes'],
  'hot-key-demoted': ['info', 'cache key is hot no more'],
  'hot-list-refused': ['warn', 'list of hot keys could not be read and was ignored'],
};

/** Told of each key once, however often they happen: a value that does not fit today does not fit tomorrow. */
const ONCE_A_KEY: readonly ClientEvent['kind'][] = ['value-skipped', 'value-undecodable'];

/** So many keys are named; of further ones there is no word, since a fleet that misreads all its items must not log each. */
const NAMED_KEYS = 1_000;

/** Writes the client's events to a logger. Those that concern a value are told once a key, of 1,000 keys a kind. */
export function loggingObserver(logger: EventLogger): Observer {
  const named = new Map(ONCE_A_KEY.map((kind) => [kind, new Set<string>()]));
  return (event) => {
    const keys = named.get(event.kind);
    if (keys !== undefined && 'key' in event) {
      if (keys.has(event.key) || keys.size >= NAMED_KEYS) return;
      keys.add(event.key);
    }
    const [level, message] = MESSAGES[event.kind];
    const { kind, ...details } = event;
    // Of an error its sentence: the stack of a refused connection is noise in a log.
    logger[level](message, 'error' in details ? { ...details, error: details.error.message } : details);
  };
}
