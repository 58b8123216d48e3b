import { parseArgs } from 'node:util';
import { CASES, type CaseName } from './cases.ts';
import { Misuse } from './misuse.ts';
import type { RehearsalOptions } from './rehearsal.ts';

export const USAGE = `usage: npm run rehearse -- --old REVISION --new REVISION [options]
       npm run rehearse -- --case NAME [options]
  a REVISION is what git names, or a project's directory, with a template.yaml; . is the working tree
      --overlay DIRECTORY         files of a project that are laid over the new revision; several are allowed
      --type TYPE                 Canary10Percent5Minutes and its like; default: what the template says for production
      --parameter NAME=VALUE      of the new version's template; CustomPercent, say
      --old-parameter NAME=VALUE  of the old version's template
      --env NAME=VALUE            a variable of every function, of both versions
      --speed N                   how many times faster than the clock, from 1 up (60); Infinity: as fast as it can
      --requests N                requests a minute of the rehearsal, 1 to 100000 (300)
      --skip-check                leaves out the hooks before traffic
exit codes: 0 succeeded, 1 rolled back or failed, 2 wrong arguments
cases:
${Object.entries(CASES)
  .map(([name, { about }]) => `  ${name.padEnd(15)} ${about}`)
  .join('\n')}`;

const MOST_REQUESTS = 100_000;

/**
 * What a command line asks for; `undefined`: for help.
 *
 * @throws Misuse
 */
export function readArguments(args: readonly string[]): Omit<RehearsalOptions, 'say'> | undefined {
  const values = parsed(args);
  if (values.help) return undefined;
  return {
    ...versionsOf(values),
    type: values.type,
    parameterOverrides: pairs('parameter', values.parameter),
    oldParameterOverrides: pairs('old-parameter', values['old-parameter']),
    environment: pairs('env', values.env),
    speed: numberOf('speed', values.speed, 'a number from 1 up', (n) => n >= 1),
    requestsPerMinute: numberOf(
      'requests',
      values.requests,
      `a whole number from 1 to ${MOST_REQUESTS}`,
      (n) => Number.isInteger(n) && n >= 1 && n <= MOST_REQUESTS,
    ),
    skipCheck: values['skip-check'],
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        old: { type: 'string' },
        new: { type: 'string' },
        case: { type: 'string' },
        overlay: { type: 'string', multiple: true, default: [] },
        type: { type: 'string' },
        parameter: { type: 'string', multiple: true, default: [] },
        'old-parameter': { type: 'string', multiple: true, default: [] },
        env: { type: 'string', multiple: true, default: [] },
        speed: { type: 'string', default: '60' },
        requests: { type: 'string', default: '300' },
        'skip-check': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    // Node goes on to explain how to pass a file of that name.
    throw new Misuse(`${(error as Error).message.split('. ')[0]}\n${USAGE}`);
  }
}

type Values = ReturnType<typeof parsed>;

function versionsOf({ old, new: next, case: name, overlay }: Values): Pick<RehearsalOptions, 'old' | 'next'> {
  if (name === undefined) {
    if (!old || !next) throw new Misuse(`--old and --new, or --case, say what is rehearsed\n${USAGE}`);
    return { old: [old], next: [next, ...overlay] };
  }
  if (old !== undefined || next !== undefined || overlay.length > 0) {
    throw new Misuse('--case names both versions: leave out --old, --new and --overlay');
  }
  if (!Object.hasOwn(CASES, name)) {
    throw new Misuse(`there is no case ${name}; there are: ${Object.keys(CASES).join(', ')}`);
  }
  return { old: ['.'], next: ['.', ...CASES[name as CaseName].layers] };
}

function pairs(option: string, texts: readonly string[]): Record<string, string> {
  const entries = texts.map((text) => {
    const equals = text.indexOf('=');
    if (equals < 1) throw new Misuse(`--${option} takes NAME=VALUE, got "${text}"`);
    return [text.slice(0, equals), text.slice(equals + 1)] as const;
  });
  return Object.fromEntries(entries);
}

function numberOf(option: string, text: string, what: string, fits: (number: number) => boolean): number {
  const number = Number(text);
  if (text.trim() !== '' && fits(number)) return number;
  throw new Misuse(`--${option} takes ${what}, got "${text}"`);
}
