import { describe, expect, it, vi } from 'vitest';
import { ClosedError } from '../../../src/base/errors.ts';
import type { ClientEvent } from '../../../src/base/events.ts';
import { loggingObserver } from '../../../src/observability/logger.ts';

const skipped = (key: string): ClientEvent => ({ kind: 'value-skipped', key, node: 'a:1', bytes: 2_000_000 });
const undecodable = (key: string): ClientEvent => ({ kind: 'value-undecodable', key, reason: 'foreign' });

function opened() {
  const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn() };
  return { logger, observe: loggingObserver(logger) };
}

describe('the log', () => {
  it.each([
    ['was not stored', skipped],
    ['could not be read', undecodable],
  ])('names each key whose value %s once', (words, event) => {
    const { logger, observe } = opened();
    for (const key of ['a', 'b', 'a', 'b', 'a']) observe(event(key));
    expect(logger.warn.mock.calls.map(([message, { key }]) => [message, key])).toEqual([
      [expect.stringContaining(words), 'a'],
      [expect.stringContaining(words), 'b'],
    ]);
  });

  it('tells of one key both that it was too large and that it could not be read', () => {
    const { logger, observe } = opened();
    observe(skipped('a'));
    observe(undecodable('a'));
    expect(logger.warn).toHaveBeenCalledTimes(2);
  });

  it('names 1,000 keys of a kind and no more, so that a fleet of foreign items fills no log', () => {
    const { logger, observe } = opened();
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 1_500; i++) observe(undecodable(`key-${i}`));
    }
    expect(logger.warn).toHaveBeenCalledTimes(1_000);
    observe(skipped('a'));
    expect(logger.warn).toHaveBeenCalledTimes(1_001);
  });

  it('tells all else each time, of an error its sentence', () => {
    const { logger, observe } = opened();
    const event: ClientEvent = { kind: 'refresh-failed', key: 'k', reason: 'origin' };
    observe(event);
    observe(event);
    expect(logger.warn).toHaveBeenCalledTimes(2);
    const error = new ClosedError('the cache');
    observe({ kind: 'discovery-failed', error, keptNodes: 1 });
    expect(logger.warn).toHaveBeenLastCalledWith('cache discovery failed', {
      error: error.message,
      keptNodes: 1,
    });
  });
});
