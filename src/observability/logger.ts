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
};

/** Keys whose values did not fit are told once each; this many are remembered. */
const REMEMBERED_KEYS = 1_000;

/** Writes the client's events to a logger. The key of a skipped value is told once. */
export function loggingObserver(logger: EventLogger): Observer {
  const told = new Set<string>();
  return (event) => {
    if (event.kind === 'value-skipped') {
      if (told.has(event.key)) return;
      if (told.size >= REMEMBERED_KEYS) told.clear();
      told.add(event.key);
    }
    const [level, message] = MESSAGES[event.kind];
    const { kind, ...details } = event;
    // Of an error its sentence: the stack of a refused connection is noise in a log.
    logger[level](message, 'error' in details ? { ...details, error: details.error.message } : details);
  };
}
