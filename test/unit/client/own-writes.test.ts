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

  it('are all kept, however many they are, and each until its own time is over', () => {
    const { clock, writes } = made();
    const keys = Array.from({ length: 5_000 }, (_, i) => `key:${i}`);
    for (const key of keys) {
      writes.add(key);
      clock.advance(1);
    }
    expect(keys.filter((key) => !writes.has(key))).toEqual([]);
    // And up to a second more.
    clock.advance(BOUND_MILLIS + 1_000);
    expect(keys.filter((key) => writes.has(key))).toEqual([]);
  });

  it('take few others for written where they are too many to be known by name', () => {
    const { writes } = made();
    for (let i = 0; i < 2_000; i++) writes.add(`key:${i}`);
    const others = Array.from({ length: 10_000 }, (_, i) => `other:${i}`);
    expect(others.filter((key) => writes.has(key)).length).toBeLessThan(300);
  });

  it('keep a key that was written again for as long as a new one', () => {
    const { clock, writes } = made();
    for (let i = 0; i < 999; i++) writes.add(`key:${i}`);
    clock.advance(1_000);
    writes.add('key:0');
    writes.add('another');
    writes.add('one too many');
    clock.advance(BOUND_MILLIS - 1);
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
