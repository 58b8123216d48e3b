import { describe, expect, it } from 'vitest';
import { COPY_SUFFIX, keyPrefix, RESERVED_PREFIX, storageKey } from '../../../src/memcached/storage-key.ts';

/** What a suffix may add to a storage key: the copy suffix, or the number of a variant below 1000. */
const LONGEST_SUFFIX = Math.max(COPY_SUFFIX.length, '999'.length);
const HASHED = /^sc~h~[A-Za-z0-9_-]{43}$/;

describe('the prefix of a storage key', () => {
  it('is the namespace and the schema, each with a colon', () => {
    expect(keyPrefix('shop', 'item-v2')).toBe('shop:item-v2:');
  });

  it('leaves out what is not given', () => {
    expect(keyPrefix('shop', undefined)).toBe('shop:');
    expect(keyPrefix(undefined, 'item-v2')).toBe('item-v2:');
    expect(keyPrefix(undefined, undefined)).toBe('');
  });
});

describe('a key that memcached can hold', () => {
  it.each(['a', 'item:1', 'with%20percent', 'naïve', '日本語', '🔥', '~', 'sc', '~s', 'a~sc1'])(
    'is stored as it is, so that other clients read it: %s',
    (key) => {
      expect(storageKey('', key)).toBe(key);
      expect(storageKey('shop:item-v2:', key)).toBe(`shop:item-v2:${key}`);
    },
  );

  it('may fill the 250 bytes but for the room of a suffix', () => {
    const longest = 'k'.repeat(242);
    expect(storageKey('', longest)).toBe(longest);
    expect(longest.length + LONGEST_SUFFIX).toBeLessThanOrEqual(250);
  });
});

describe('a key that memcached cannot hold', () => {
  it.each([
    ['is empty', ''],
    ['holds a space', 'two words'],
    ['holds a line end', 'a\r\ndelete b'],
    ['holds a NUL', 'a\0b'],
    ['holds a tab', 'a\tb'],
    ['holds DEL', 'a\x7fb'],
    ['is too long with a suffix', 'k'.repeat(243)],
    ['is too long in UTF-8', 'é'.repeat(125)],
    ['is no well-formed Unicode', 'a\ud800'],
    ['ends as a copy does', `item:1${COPY_SUFFIX}`],
    ['is the copy suffix', COPY_SUFFIX],
    ['starts as keys of our own do', `${RESERVED_PREFIX}hot`],
    ['looks like a hashed key', `${RESERVED_PREFIX}h~${'A'.repeat(43)}`],
  ])('is stored under its SHA-256 when it %s', (_why, key) => {
    expect(storageKey('', key)).toMatch(HASHED);
  });

  it('keeps its prefix, so that a namespace or schema stays apart from others', () => {
    const stored = storageKey('shop:item-v2:', 'two words');
    expect(stored.startsWith('shop:item-v2:')).toBe(true);
    expect(stored.slice('shop:item-v2:'.length)).toMatch(HASHED);
    expect(stored.slice('shop:item-v2:'.length)).toBe(storageKey('', 'two words'));
  });

  it('has the digest that any SHA-256 gives, in base64url', () => {
    expect(storageKey('', '')).toBe('sc~h~47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU');
  });

  it('counts the prefix as part of the 250 bytes', () => {
    const prefix = `${'n'.repeat(64)}:${'s'.repeat(64)}:`;
    const longest = 'k'.repeat(242 - prefix.length);
    expect(storageKey(prefix, longest)).toBe(prefix + longest);
    expect(storageKey(prefix, `${longest}k`)).not.toContain('kk');
    expect(storageKey(prefix, `${longest}k`).length + LONGEST_SUFFIX).toBeLessThanOrEqual(250);
  });

  it('tells lone surrogates apart, which UTF-8 cannot', () => {
    const keys = ['\ud800', '\ud801', '\udc00', '\ufffd', '\ud800\ud800'];
    expect(new Set(keys.map((key) => storageKey('', key))).size).toBe(keys.length);
  });
});
