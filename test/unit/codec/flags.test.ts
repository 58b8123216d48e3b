import { describe, expect, it } from 'vitest';
import {
  FORMATS,
  type Format,
  flagsOf,
  formatOf,
  type Packing,
  packingOf,
  withHotShare,
} from '../../../src/codec/flags.ts';

const formats = Object.keys(FORMATS) as Format[];
const PACKED: readonly [Format, Packing][] = [
  ['bytes', 'deflate'],
  ['bytes', 'zstd'],
  ['json', 'deflate'],
  ['json', 'zstd'],
];

describe('client flags', () => {
  it('are zero for a string, so that any client reads it', () => {
    expect(flagsOf('string')).toBe(0);
  });

  it.each(formats)('name the format they were made for: %s', (format) => {
    expect(formatOf(flagsOf(format))).toBe(format);
  });

  it('name the packing they were made for, none by default', () => {
    for (const format of formats) expect(packingOf(flagsOf(format))).toBe('none');
    for (const [format, packing] of PACKED) {
      expect(formatOf(flagsOf(format, packing))).toBe(format);
      expect(packingOf(flagsOf(format, packing))).toBe(packing);
    }
  });

  it('differ from format to format', () => {
    const flags = [...formats.map((format) => flagsOf(format)), ...PACKED.map((pair) => flagsOf(...pair))];
    expect(new Set(flags).size).toBe(flags.length);
  });

  it('leave the lowest byte to other clients, which would load objects by what they find there', () => {
    for (const format of formats) expect(withHotShare(flagsOf(format), 0.5) & 0xff).toBe(0);
    for (const pair of PACKED) expect(withHotShare(flagsOf(...pair), 0.5) & 0xff).toBe(0);
  });

  it('are whole numbers of 32 bits', () => {
    for (const format of formats) expect(flagsOf(format)).toBe(flagsOf(format) >>> 0);
    for (const pair of PACKED) expect(flagsOf(...pair)).toBe(flagsOf(...pair) >>> 0);
  });

  it.each([
    ['memcached clients that count types from 1', 1],
    ['pylibmc, pickled', 1 << 0],
    ['PHP, JSON', 6],
    ['PHP, compressed', 0x30],
    ['Dalli, serialized and compressed', 3],
    ['a mark that is not ours', 0x5d000002],
    ['our mark with a format of a later version', 0x5c000f00],
    ['our mark with a reserved bit', 0x5c000201],
    ['our mark with a packing of a later version', 0x5c003200],
    ['our mark with a string that is packed', 0x5c001000],
    ['our mark with an empty string that is packed', 0x5c002300],
    ['all bits', 0xffffffff],
  ])('of others are of no format: %s', (_who, flags) => {
    expect(formatOf(flags)).toBeUndefined();
  });
});
