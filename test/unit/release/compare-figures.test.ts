import { describe, expect, it } from 'vitest';
import { compareFigures, type Figures } from '../../../src/release/index.ts';

const figures = (functionVersion: string, counts: Partial<Figures> = {}): Figures => ({
  functionVersion,
  hits: 90,
  misses: 10,
  unavailable: undefined,
  cacheErrors: undefined,
  undecodable: undefined,
  invocations: 100,
  errors: 0,
  serverErrors: undefined,
  ...counts,
});

const told = (counts: Partial<Figures>) =>
  compareFigures(figures('7'), figures('8', counts)).findings.map(({ severity, sentence }) => [
    severity,
    sentence,
  ]);

describe('compareFigures', () => {
  it('warns of items that the version before cannot read, which the new one may have written', () => {
    const { findings, verdict } = compareFigures(figures('7', { undecodable: 2 }), figures('8'));
    expect(verdict).toBe('pass');
    expect(findings.at(-1)).toEqual({
      severity: 'warning',
      sentence:
        'version 7 could not read 2 items while version 8 came beside it: if version 8 wrote them, roll back, and give a ' +
        'changed shape a new schema',
    });
  });

  it('notes figures that are alike', () => {
    expect(told({ hits: 88, misses: 12 })).toEqual([
      ['note', 'the hit ratio of version 8 is 88 %, that of version 7 90 %'],
      ['note', 'the share of failed cache reads of version 8 is 0 %, that of version 7 0 %'],
      ['note', 'the share of failed invocations of version 8 is 0 %, that of version 7 0 %'],
    ]);
  });

  it.each([
    [
      'a hit ratio that fell',
      { hits: undefined, misses: 100 },
      0,
      /hit ratio of version 8 is 0 %, .*: it should rise/,
    ],
    [
      'reads that nobody answers',
      { unavailable: 50 },
      1,
      /failed cache reads of version 8 is 33\.3 %.*nodes/,
    ],
    ['invocations that fail', { errors: 20 }, 2, /failed invocations of version 8 is 20 %.*roll back/],
    [
      'answers of 5xx',
      { errors: 2, serverErrors: 8 },
      2,
      /failed invocations of version 8 is 10 %.*roll back/,
    ],
    [
      'items that cannot be read',
      { undecodable: 3 },
      3,
      /could not read 3 items: give a changed shape a new schema/,
    ],
  ])('warns of %s', (_words, counts, at, sentence) => {
    expect(told(counts)[at]).toEqual(['warning', expect.stringMatching(sentence)]);
  });

  it('praises nobody for being better, and refuses nothing', () => {
    const { verdict, findings } = compareFigures(figures('7', { errors: 50 }), figures('8'));
    expect(verdict).toBe('pass');
    expect(findings.every(({ severity }) => severity === 'note')).toBe(true);
  });

  it('says of which version there is no data', () => {
    const none = { hits: undefined, misses: undefined, invocations: undefined, errors: undefined };
    expect(told(none)).toEqual([
      ['note', expect.stringMatching(/no hit ratio of version 8 yet/)],
      ['note', expect.stringMatching(/no share of failed cache reads of version 8 yet/)],
      ['note', expect.stringMatching(/no share of failed invocations of version 8 yet/)],
    ]);
    expect(compareFigures(figures('7', none), figures('8')).findings[0]!.sentence).toMatch(/version 7 yet/);
  });
});
