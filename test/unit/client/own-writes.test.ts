import { describe, expect, it } from 'vitest';
import { OwnWrites } from '../../../src/client/own-writes.ts';
import { TestClock } from '../../support/test-clock.ts';

const BOUND_MILLIS = 8_000;

function made() {
  const clock = new TestClock();
  return { clock, writes: new OwnWrites(clock, BOUND_MILLIS) };
}

describe('own writes', () => {
  it('are known until the bound has passed', () => {
    const { clock, writes } = made();
    expect(writes.has('a')).toBe(false);
    writes.add('a');
    clock.advance(BOUND_MILLIS - 1);
    expect(writes.has('a')).toBe(true);
    expect(writes.has('b')).toBe(false);
    clock.advance(1);
    expect(writes.has('a')).toBe(false);
  });

  it('count from the last write of a key', () => {
    const { clock, writes } = made();
    writes.add('a');
    clock.advance(BOUND_MILLIS - 1);
    writes.add('a');
    clock.advance(BOUND_MILLIS - 1);
    expect(writes.has('a')).toBe(true);
  });

  it('are forgotten over a freeze, in which the time of day alone goes on', () => {
    const { clock, writes } = made();
    writes.add('a');
    clock.moveWall(BOUND_MILLIS);
    expect(writes.has('a')).toBe(false);
  });

  it('are kept where the clock is set back', () => {
    const { clock, writes } = made();
    writes.add('a');
    clock.moveWall(-60_000);
    clock.advance(BOUND_MILLIS);
    expect(writes.has('a')).toBe(true);
  });

  it('are a thousand at the most: those that are over go first, then the oldest', () => {
    const { clock, writes } = made();
    writes.add('over');
    clock.advance(BOUND_MILLIS);
    for (let i = 0; i < 999; i++) writes.add(`key:${i}`);
    writes.add('last');
    expect(writes.has('key:0')).toBe(true);
    writes.add('one too many');
    expect(writes.has('key:0')).toBe(false);
    for (const key of ['key:1', 'key:998', 'last', 'one too many']) expect(writes.has(key)).toBe(true);
  });

  it('keep a key that was written again while older ones are there to go', () => {
    const { clock, writes } = made();
    for (let i = 0; i < 999; i++) writes.add(`key:${i}`);
    clock.advance(1_000);
    writes.add('key:0');
    writes.add('another');
    writes.add('one too many');
    expect(writes.has('key:0')).toBe(true);
    expect(writes.has('key:1')).toBe(false);
  });

  it('make room for nothing when a known key is written again', () => {
    const { writes } = made();
    for (let i = 0; i < 1_000; i++) writes.add(`key:${i}`);
    writes.add('key:999');
    expect(writes.has('key:0')).toBe(true);
  });
});
