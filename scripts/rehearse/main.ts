// A release on a laptop: npm run rehearse -- --old HEAD~1 --new HEAD
import { parseArgs } from 'node:util';
import { shutdownRequest } from '../local/shutdown.ts';
import { fail, note, say } from '../local/terminal.ts';
import { CASES, type CaseName } from './cases.ts';
import { figuresTable } from './figures-table.ts';
import { type RehearsalOptions, rehearse } from './rehearsal.ts';

const USAGE = `usage: npm run rehearse -- --old REVISION --new REVISION [options]
       npm run rehearse -- --case NAME [options]
  a REVISION is what git names, or a directory: a project, or some files that are laid over the working tree (.)
      --type TYPE               Canary10Percent5Minutes and its like; default: what the template says for production
      --parameter NAME=VALUE    of the new version's template; CustomPercent, say
      --env NAME=VALUE          a variable of every function, of both versions
      --speed N                 how many times faster than the clock (60)
      --requests N              requests a minute of the rehearsal (300)
      --skip-check              leaves out the hooks before traffic
cases:
${Object.entries(CASES)
  .map(([name, { about }]) => `  ${name.padEnd(15)} ${about}`)
  .join('\n')}`;

function readArguments(): RehearsalOptions | undefined {
  const { values } = parseArgs({
    options: {
      old: { type: 'string' },
      new: { type: 'string' },
      case: { type: 'string' },
      type: { type: 'string' },
      parameter: { type: 'string', multiple: true, default: [] },
      env: { type: 'string', multiple: true, default: [] },
      speed: { type: 'string', default: '60' },
      requests: { type: 'string', default: '300' },
      'skip-check': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const { type, old, new: next, case: name } = values;
  const layers = name === undefined ? next && [next] : caseLayers(name);
  if (layers === undefined || layers === '') throw new Error(USAGE);
  if (old === undefined && name === undefined) throw new Error(USAGE);
  return {
    old: [old ?? '.'],
    next: layers,
    parameterOverrides: {
      Stage: 'prod',
      ...pairs('parameter', values.parameter),
      ...(type !== undefined && { DeploymentPreferenceType: type }),
    },
    environment: pairs('env', values.env),
    speed: positive('speed', values.speed),
    requestsPerMinute: positive('requests', values.requests),
    skipCheck: values['skip-check'],
    say: note,
  };
}

function caseLayers(name: string): readonly string[] {
  if (!Object.hasOwn(CASES, name)) {
    throw new Error(`there is no case ${name}; there are: ${Object.keys(CASES).join(', ')}`);
  }
  return ['.', ...CASES[name as CaseName].layers];
}

function pairs(option: string, texts: readonly string[]): Record<string, string> {
  const entries = texts.map((text) => {
    const equals = text.indexOf('=');
    if (equals < 1) throw new Error(`--${option} takes NAME=VALUE, got "${text}"`);
    return [text.slice(0, equals), text.slice(equals + 1)] as const;
  });
  return Object.fromEntries(entries);
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (number > 0) return number;
  throw new Error(`--${name} takes a number above 0, got "${text}"`);
}

async function main(): Promise<void> {
  const options = readArguments();
  if (options === undefined) return say(USAGE);
  const { verdict, succeeded, figures } = await rehearse(options);
  say(figuresTable(figures));
  say(verdict);
  if (!succeeded) process.exitCode = 1;
}

const interrupted = shutdownRequest().then(() => Promise.reject(new Error('interrupted')));
await Promise.race([main(), interrupted]).catch((error) => {
  fail(error);
  process.exit(); // what runs on is of no use any more, and owned processes end with this one
});
// Whatever still listens for a request to end.
process.exit();
