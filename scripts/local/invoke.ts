// `sam local invoke` without Docker: npm run invoke -- GetItemFunction -e events/get-item.json
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startBackingServices } from './backing-services.ts';
import { CLUSTER_KINDS } from './cluster/local-cluster.ts';
import { readEnvironmentOverrides } from './environment-overrides.ts';
import { FunctionHost } from './function-host.ts';
import { DEFAULT_TEMPLATE } from './project.ts';
import { findRunningServices } from './running-services.ts';
import { shutdownRequest } from './shutdown.ts';
import { parseParameterOverrides } from './template/parameters.ts';
import { fail, note } from './terminal.ts';

/** Node takes a longer one for 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const USAGE = `usage: npm run invoke -- FUNCTION [-e event.json]... [options]
  -e, --event FILE              an event, or - for standard input; several are sent one after the other; default: {}
  -t, --template FILE           default: template.yaml
  -n, --env-vars FILE           environment variables, in SAM's format
      --parameter-overrides …   Name=value,Name=value or SAM's ParameterKey=Name,ParameterValue=value
      --idle MILLISECONDS       how long the environment stays frozen between two events
      --no-freeze               leave it running instead`;

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      event: { type: 'string', short: 'e', multiple: true, default: [] },
      template: { type: 'string', short: 't', default: DEFAULT_TEMPLATE },
      'env-vars': { type: 'string', short: 'n' },
      'parameter-overrides': { type: 'string', multiple: true, default: [] },
      idle: { type: 'string', default: '0' },
      'no-freeze': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [functionName, ...others] = positionals;
  // SAM takes several overrides after one flag, separated by spaces.
  const overrides = [...values['parameter-overrides'], ...others.filter((other) => other.includes('='))];
  return {
    ...values,
    functionName,
    idleMs: readIdleMs(values.idle),
    parameterOverrides: parseParameterOverrides(overrides),
  };
}

function readIdleMs(text: string): number {
  const idleMs = Number(text);
  if (text.trim() !== '' && idleMs >= 0 && idleMs <= LONGEST_TIMER_MS) return idleMs;
  throw new Error(`--idle takes a number of milliseconds, got "${text}"`);
}

async function readEvent(file: string): Promise<string> {
  const source = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  try {
    return JSON.stringify(JSON.parse(source));
  } catch (error) {
    throw new Error(`the event ${file} is not JSON: ${(error as Error).message}`);
  }
}

async function main(): Promise<void> {
  const options = readArguments();
  if (options.help) return note(USAGE);
  if (options.functionName === undefined) throw new Error(USAGE);
  const { functionName, template, parameterOverrides } = options;
  const events = options.event.length > 0 ? await Promise.all(options.event.map(readEvent)) : ['{}'];
  const environmentOverrides = await readEnvironmentOverrides(options['env-vars']);

  const running = await findRunningServices(template);
  const own = running === undefined ? await startBackingServices(template, parameterOverrides) : undefined;
  const services = running ?? own!;
  const origin = own ? `started ${CLUSTER_KINDS[own.cluster.kind]}` : 'using the cluster of npm start';
  note(`${origin}: ${services.nodes.join(' ')}`);
  try {
    const host = await FunctionHost.open({
      templateFile: template,
      parameterOverrides,
      environmentOverrides,
      services,
      freeze: !options['no-freeze'],
      only: functionName,
      logFor: () => ({ platform: note, output: note }),
    });
    try {
      host.warnings.forEach(note);
      const stopped = shutdownRequest().then(() => Promise.reject(new Error('interrupted')));
      await Promise.race([stopped, invokeEach(host, functionName, events, options.idleMs)]);
    } finally {
      await host.close();
    }
  } finally {
    await own?.close();
  }
}

async function invokeEach(host: FunctionHost, name: string, events: string[], idleMs: number): Promise<void> {
  for (const [index, event] of events.entries()) {
    if (index > 0) await sleep(idleMs);
    const { status, payload } = await host.invoke(name, event);
    process.stdout.write(`${payload}\n`);
    if (status !== 'success') process.exitCode = 1;
  }
}

await main().catch(fail);
