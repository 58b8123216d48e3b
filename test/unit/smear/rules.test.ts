import { describe, expect, it } from 'vitest';
import { DEFAULT_COPIES, type SmearRule, SmearRules } from '../../../src/smear/index.ts';

describe('smear rules', () => {
  it('name no key where there are none', () => {
    expect(new SmearRules([]).copiesOf('anything')).toBeUndefined();
  });

  it('name a key to the letter', () => {
    const rules = new SmearRules([{ key: 'hot', copies: 3 }]);
    expect(rules.copiesOf('hot')).toBe(3);
    expect(rules.copiesOf('hot:1')).toBeUndefined();
    expect(rules.copiesOf('Hot')).toBeUndefined();
  });

  it('give a key without a number the default', () => {
    expect(new SmearRules([{ key: 'hot' }]).copiesOf('hot')).toBe(DEFAULT_COPIES);
  });

  it('name all keys that start with a prefix, and the prefix itself', () => {
    const rules = new SmearRules([{ prefix: 'user:', copies: 4 }]);
    expect(rules.copiesOf('user:1')).toBe(4);
    expect(rules.copiesOf('user:')).toBe(4);
    expect(rules.copiesOf('user')).toBeUndefined();
    expect(rules.copiesOf('a:user:1')).toBeUndefined();
  });

  it('put an exact key before a prefix, in whatever order they are given', () => {
    const rules: SmearRule[] = [
      { prefix: 'user:', copies: 4 },
      { key: 'user:1', copies: 2 },
    ];
    for (const given of [rules, rules.toReversed()]) {
      expect(new SmearRules(given).copiesOf('user:1')).toBe(2);
      expect(new SmearRules(given).copiesOf('user:2')).toBe(4);
    }
  });

  it('put a longer prefix before a shorter one, in whatever order they are given', () => {
    const rules: SmearRule[] = [
      { prefix: 'u', copies: 2 },
      { prefix: 'user:vip:', copies: 8 },
      { prefix: 'user:', copies: 4 },
    ];
    for (const given of [rules, rules.toReversed()]) {
      const smeared = new SmearRules(given);
      expect(['u1', 'user:1', 'user:vip:1'].map((key) => smeared.copiesOf(key))).toEqual([2, 4, 8]);
    }
  });

  it('take one copy as not smeared, which exempts a key from a prefix', () => {
    const rules = new SmearRules([
      { prefix: 'user:', copies: 4 },
      { key: 'user:1', copies: 1 },
    ]);
    expect(rules.copiesOf('user:1')).toBe(1);
  });
});
