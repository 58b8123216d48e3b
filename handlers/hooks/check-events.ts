import recorded from '../../events/check.json' with { type: 'json' };

/** One event of `events/check.json`. */
export interface CheckEvent {
  readonly name: string;
  /** Part of the name of the function that takes it, as SAM makes it of the logical id; without it every one does. */
  readonly function?: string;
  /** It is no GET and may change the origin, which a namespace of the cache does not keep apart. */
  readonly changes?: boolean;
  readonly event: Readonly<Record<string, unknown>>;
}

export const checkEvents: readonly CheckEvent[] = recorded;

/** Those that a function takes and that change nothing, or say that they may. */
export function eventsFor(functionName: string, events: readonly CheckEvent[]): readonly CheckEvent[] {
  return events.filter(
    (recordedEvent) =>
      (recordedEvent.function === undefined || functionName.includes(recordedEvent.function)) &&
      (recordedEvent.changes === true || isRead(recordedEvent.event)),
  );
}

/** In either format of API Gateway's. An event of another trigger has no method, and must say that it may be replayed. */
function isRead(event: CheckEvent['event']): boolean {
  const { httpMethod, requestContext } = event as {
    httpMethod?: string;
    requestContext?: { http?: { method?: string } };
  };
  return ['GET', 'HEAD'].includes(httpMethod ?? requestContext?.http?.method ?? '');
}
