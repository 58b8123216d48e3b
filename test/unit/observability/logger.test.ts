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

  it('tells each time that a key became hot or is hot no more, and of what was taken for a list of them', () => {
    const { logger, observe } = opened();
    const promoted: ClientEvent = {
      kind: 'hot-key-promoted',
      key: 'v1:item:1',
      share: 0.12,
      copies: 4,
      version: 7,
    };
    for (let round = 0; round < 2; round++) {
      observe(promoted);
      observe({ kind: 'hot-key-demoted', key: 'v1:item:1', version: 8 });
      observe({ kind: 'hot-list-refused', reason: 'it is no JSON' });
    }
    const { kind: _kind, ...details } = promoted;
    const told = [
      ['cache key is hot and is spread over several nodes', details],
      ['cache key is hot no more', { key: 'v1:item:1', version: 8 }],
    ];
    expect(logger.info.mock.calls).toEqual([...told, ...told]);
    const refused = ['list of hot keys could not be read and was ignored', { reason: 'it is no JSON' }];
    expect(logger.warn.mock.calls).toEqual([refused, refused]);
    expect(logger.debug).not.toHaveBeenCalled();
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
