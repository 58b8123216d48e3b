/**
 * `call`, or `aborted` as soon as `signal` says so. A call that has begun goes on by itself, and its answer is passed
 * over; one that has not is never begun.
 */
export function abortable<T>(
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
  aborted: () => T,
): Promise<T> {
  if (signal === undefined) return call();
  if (signal.aborted) return Promise.resolve(aborted());
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(aborted());
    signal.addEventListener('abort', stop, { once: true });
    call()
      .finally(() => signal.removeEventListener('abort', stop))
      .then(resolve, reject);
  });
}
