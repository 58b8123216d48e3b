import { describe, expect, it } from 'vitest';
import { NodeTimeoutError } from '../../../src/base/errors.ts';
import { failed, mayUse, pauseAfter, UP, used } from '../../../src/client/node-health.ts';

const ERROR = new NodeTimeoutError('a:1', 'reply', 100);
const LATER = new NodeTimeoutError('a:1', 'connect', 250);

describe('a node’s health', () => {
  it('is up at first, and an up node may always be used', () => {
    expect(mayUse(UP, 0)).toBe(true);
    expect(mayUse(UP, Number.MAX_SAFE_INTEGER)).toBe(true);
    expect(used(UP, 5, 1_000)).toBe(UP);
  });

  it('is down for a second after the first failure', () => {
    const down = failed(UP, ERROR, 10_000);
    expect(down).toMatchObject({ state: 'down', failures: 1, error: ERROR });
    expect(mayUse(down, 10_000)).toBe(false);
    expect(mayUse(down, 10_999)).toBe(false);
    expect(mayUse(down, 11_000)).toBe(true);
  });

  it('lets one operation through when its pause is over, and holds the others up', () => {
    const probing = used(failed(UP, ERROR, 10_000), 11_000, 1_000);
    expect(mayUse(probing, 11_000)).toBe(false);
  });

  it('lets another one through where the probe ended without a verdict', () => {
    const probing = used(failed(UP, ERROR, 10_000), 11_000, 1_000);
    expect(mayUse(probing, 11_999)).toBe(false);
    expect(mayUse(probing, 12_000)).toBe(true);
  });

  it('pauses longer with each failure, half a minute at most', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 60].map(pauseAfter)).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
    ]);
  });

  it('counts a probe that failed, and tells the newest error', () => {
    const probing = used(failed(UP, ERROR, 0), 1_000, 1_000);
    const down = failed(probing, LATER, 1_250);
    expect(down).toMatchObject({ state: 'down', failures: 2, retryAt: 3_250, error: LATER });
  });

  it('is worth a try after a long freeze, however often the node had failed', () => {
    let health = failed(UP, ERROR, 0);
    for (let i = 0; i < 20; i++) health = failed(health, ERROR, 0);
    expect(mayUse(health, 10 * 60_000)).toBe(true);
  });
});
