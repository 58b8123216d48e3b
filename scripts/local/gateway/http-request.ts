/** Of every API that is served here. */
export const API_ID = 'local';

/** What the gateway took off the wire, before it becomes an event. */
export interface HttpRequest {
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Name and value by turns, in the order and case in which they came. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly sourceIp: string;
  readonly port: number;
  readonly httpVersion: string;
  readonly traceId: string;
}

/** What API Gateway knows of a request besides its bytes. */
export interface RequestStamp {
  readonly requestId: string;
  readonly time: Date;
}

/** The headers as pairs, with those that API Gateway adds for the hop to the function. */
export function headerPairs(request: HttpRequest): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index]!;
    if (!HOP_BY_HOP.has(name.toLowerCase())) pairs.push([name, request.rawHeaders[index + 1]!]);
  }
  pairs.push(['X-Amzn-Trace-Id', request.traceId]);
  pairs.push(['X-Forwarded-For', request.sourceIp]);
  pairs.push(['X-Forwarded-Port', String(request.port)]);
  pairs.push(['X-Forwarded-Proto', 'http']);
  return pairs;
}

/** They speak of one connection, not of the message, so that neither side's get through to the other. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export function headerValue(request: HttpRequest, name: string): string | undefined {
  return headerPairs(request).findLast(([candidate]) => candidate.toLowerCase() === name)?.[1];
}

/** Every value of every name, in order. */
export function grouped(pairs: Iterable<readonly [string, string]>): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [name, value] of pairs) groups.set(name, [...(groups.get(name) ?? []), value]);
  return groups;
}

/** `24/Nov/2026:11:22:33 +0000` */
export function accessLogTime(time: Date): string {
  const [, day, month, year, clock] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(time.toUTCString())!;
  return `${day}/${month}/${year}:${clock} +0000`;
}

/** A path that is not valid UTF-8 once decoded stays as it came. */
export function decodePath(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
