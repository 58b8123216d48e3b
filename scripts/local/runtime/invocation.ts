export interface Invocation {
  readonly requestId: string;
  readonly status: 'success' | 'error' | 'timeout';
  /** JSON text: what the handler returned, or Lambda's error object. */
  readonly payload: string;
  readonly durationMs: number;
  /** Of the environment's start, where this was its first invocation. */
  readonly initMs: number | undefined;
}

/** What Lambda answers for a function that failed without saying so itself. */
export function errorPayload(errorType: string, errorMessage: string): string {
  return JSON.stringify({ errorType, errorMessage });
}

/** Why no process could be started: most often it is a variable that no process can be given. */
export function spawnProblem(error: NodeJS.ErrnoException): string {
  const reason = error.code === 'E2BIG' ? 'its environment variables are too long' : error.message;
  return `cannot start the function's process: ${reason}`;
}

/** Lambda's REPORT line. Since 2025 the INIT phase is billed with the first invocation. */
export function reportLine(
  { requestId, status, durationMs, initMs }: Invocation,
  memoryMegabytes: number,
  maxMemoryUsedMegabytes: number | undefined,
): string {
  const fields = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${durationMs.toFixed(2)} ms`,
    `Billed Duration: ${Math.ceil(durationMs + (initMs ?? 0))} ms`,
    `Memory Size: ${memoryMegabytes} MB`,
  ];
  if (maxMemoryUsedMegabytes !== undefined) fields.push(`Max Memory Used: ${maxMemoryUsedMegabytes} MB`);
  if (initMs !== undefined) fields.push(`Init Duration: ${initMs.toFixed(2)} ms`);
  if (status !== 'success') fields.push(`Status: ${status}`);
  return fields.join('\t');
}
