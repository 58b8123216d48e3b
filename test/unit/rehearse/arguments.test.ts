import { describe, expect, it } from 'vitest';
import { readArguments } from '../../../scripts/rehearse/arguments.ts';
import { CASES } from '../../../scripts/rehearse/cases.ts';
import { Misuse } from '../../../scripts/rehearse/misuse.ts';

const BOTH = ['--old', 'HEAD~1', '--new', '.'];

describe('the arguments of a rehearsal', () => {
  it('name two revisions, and have defaults for all else', () => {
    expect(readArguments(BOTH)).toEqual({
      old: ['HEAD~1'],
      next: ['.'],
      type: undefined,
      parameterOverrides: {},
      oldParameterOverrides: {},
      environment: {},
      speed: 60,
      requestsPerMinute: 300,
      skipCheck: false,
    });
  });

  it('keep the parameters of both versions apart', () => {
    const given = readArguments([
      ...BOTH,
      '--parameter',
      'A=1',
      '--parameter',
      'B=2=3',
      '--old-parameter',
      'A=0',
    ]);
    expect(given).toMatchObject({
      parameterOverrides: { A: '1', B: '2=3' },
      oldParameterOverrides: { A: '0' },
    });
  });

  it('name a ready case, or files to lay over the new version', () => {
    expect(readArguments(['--case', 'good', '--speed', 'Infinity'])).toMatchObject({
      old: ['.'],
      next: ['.', ...CASES.good.layers],
      speed: Number.POSITIVE_INFINITY,
    });
    expect(readArguments([...BOTH, '--overlay', 'a', '--overlay', 'b'])).toMatchObject({
      next: ['.', 'a', 'b'],
    });
  });

  it('may ask for help alone', () => {
    expect(readArguments(['--help'])).toBeUndefined();
  });

  const WRONG: readonly (readonly [readonly string[], string])[] = [
    [[], '--old and --new, or --case, say what is rehearsed'],
    [['--new', '.'], '--old and --new, or --case, say what is rehearsed'],
    [['--old', '', '--new', '.'], '--old and --new, or --case, say what is rehearsed'],
    [['--case', 'none'], 'there is no case none; there are: good'],
    [['--case', 'toString'], 'there is no case toString'],
    [['--case', 'good', '--old', '.'], '--case names both versions: leave out --old, --new and --overlay'],
    [['--case', 'good', '--new', '.'], '--case names both versions'],
    [['--case', 'good', '--overlay', 'a'], '--case names both versions'],
    [[...BOTH, '--spede', '2'], "Unknown option '--spede'\nusage: npm run rehearse"],
    [[...BOTH, 'HEAD'], "Unexpected argument 'HEAD'"],
    [[...BOTH, '--env', 'NAME'], '--env takes NAME=VALUE, got "NAME"'],
    [[...BOTH, '--old-parameter', '=1'], '--old-parameter takes NAME=VALUE, got "=1"'],
    ...['0', '0.5', '-1', 'fast', ''].map((text): [string[], string] => [
      [...BOTH, `--speed=${text}`],
      `--speed takes a number from 1 up, got "${text}"`,
    ]),
    ...['0', '1.5', '100001', 'Infinity', ''].map((text): [string[], string] => [
      [...BOTH, `--requests=${text}`],
      '--requests takes a whole number from 1 to 100000',
    ]),
  ];
  it.each(WRONG)('are wrong as %j', (args, message) => {
    expect(() => readArguments(args)).toThrow(message);
    expect(() => readArguments(args)).toThrow(Misuse);
  });
});
