import { randomUUID } from 'node:crypto';

/** As X-Ray numbers traces: the time of day, then chance. */
export function newTraceRoot(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${randomUUID().replaceAll('-', '').slice(0, 24)}`;
}
