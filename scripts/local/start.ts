// The stand-in for the cloud: npm start serves template.yaml's routes on http://127.0.0.1:3000 (PORT).
import { parseArgs } from 'node:util';
import { type BackingServices, startBackingServices } from './backing-services.ts';
import { readEnvironmentOverrides } from './environment-overrides.ts';
import { FunctionHost } from './function-host.ts';
import { Gateway } from './gateway/gateway.ts';
import { DEFAULT_TEMPLATE } from './project.ts';
import { announceServices } from './running-services.ts';
import { exchangeLine, functionLog, greeting } from './screen.ts';
import { shutdownRequest, undoAll } from './shutdown.ts';
import { parseParameterOverrides } from './template/parameters.ts';
import { fail, note, say } from './terminal.ts';

const USAGE = `usage: npm start -- [options]          PORT=3001 npm start for another port
  -t, --template FILE           default: template.yaml
  -n, --env-vars FILE           environment variables, in SAM's format
      --parameter-overrides …   Name=value,Name=value
      --no-freeze               leave environments running between requests`;

function readArguments() {
  const { values } = parseArgs({
    options: {
      template: { type: 'string', short: 't', default: DEFAULT_TEMPLATE },
      'env-vars': { type: 'string', short: 'n' },
      'parameter-overrides': { type: 'string', multiple: true, default: [] },
      'no-freeze': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return values;
}

/** Port 0, a free one, is for tests. */
function requestedPort(): number {
  const port = Number(process.env.PORT ?? 3000);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(`PORT must be a port number, got ${process.env.PORT}`);
}

async function listen(gateway: Gateway, port: number): Promise<void> {
  try {
    await gateway.listen(port);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`port ${port} is taken; try PORT=${port + 1} npm start`, { cause: error });
  }
}

async function main(): Promise<void> {
  const options = readArguments();
  if (options.help) return say(USAGE);
  const closing = shutdownRequest();
  const undo: (() => Promise<void>)[] = [];
  try {
    await start(options, undo);
    await closing;
    note('stopping');
  } finally {
    await undoAll(undo, fail);
  }
}

/** Leaves in `undo` how to take back each step, also when a later one fails. */
async function start(
  options: ReturnType<typeof readArguments>,
  undo: (() => Promise<void>)[],
): Promise<void> {
  const port = requestedPort();
  const parameterOverrides = parseParameterOverrides(options['parameter-overrides']);
  const environmentOverrides = await readEnvironmentOverrides(options['env-vars']);

  const services = await startBackingServices(options.template, parameterOverrides);
  undo.push(() => services.close());
  const host = await FunctionHost.open({
    templateFile: options.template,
    parameterOverrides,
    environmentOverrides,
    services,
    freeze: !options['no-freeze'],
    logFor: functionLog,
  });
  undo.push(() => host.close());
  host.warnings.forEach(note);
  const gateway = new Gateway({
    routes: host.functions.flatMap(({ routes }) => routes),
    invoke: (name, event) => host.invoke(name, event),
    onExchange: (exchange) => say(exchangeLine(exchange)),
  });
  await listen(gateway, port);
  undo.push(() => gateway.close());
  undo.push(await announceServices(options.template, services));

  say(greeting(gateway.url, host, services));
  reportDeaths(services);
}

function reportDeaths({ cluster }: BackingServices): void {
  for (const node of cluster.nodes) {
    node.onDeath((how) => say(`node ${node.host}:${node.port} is gone (${how})`));
  }
}

await main().catch(fail);
