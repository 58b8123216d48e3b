import { describe, expect, it } from 'vitest';
import { FORMATS, type Format, flagsOf, formatOf } from '../../../src/codec/flags.ts';

const formats = Object.keys(FORMATS) as Format[];

describe('client flags', () => {
  it('are zero for a string, so that any client reads it', () => {
    expect(flagsOf('string')).toBe(0);
  });

  it.each(formats)('name the format they were made for: %s', (format) => {
    expect(formatOf(flagsOf(format))).toBe(format);
  });

  it('differ from format to format', () => {
    expect(new Set(formats.map(flagsOf)).size).toBe(formats.length);
  });

  it('are whole numbers of 32 bits', () => {
    for (const format of formats) {
      const flags = flagsOf(format);
      expect(flags).toBe(flags >>> 0);
    }
  });

  it.each([
    ['memcached clients that count types from 1', 1],
    ['pylibmc, pickled', 1 << 0],
    ['PHP, JSON', 6],
    ['PHP, compressed', 0x30],
    ['Dalli, serialized and compressed', 3],
    ['a mark that is not ours', 0x5d000002],
    ['our mark with a format of a later version', 0x5c00000f],
    ['our mark with a reserved bit', 0x5c000102],
    ['our mark with a packing of a later version', 0x5c000012],
    ['all bits', 0xffffffff],
  ])('of others are of no format: %s', (_who, flags) => {
    expect(formatOf(flags)).toBeUndefined();
  });
});
