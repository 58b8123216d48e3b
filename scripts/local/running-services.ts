import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ServiceAddresses } from './backing-services.ts';
import { ask } from './cluster/ask.ts';
import { LOCAL_DIRECTORY } from './project.ts';
import { isObject } from './template/json.ts';

/** Written by `npm start`, so that `npm run invoke` meets the cache that is already running. */
const STATE_FILE = path.join(LOCAL_DIRECTORY, 'cluster.json');

interface State {
  readonly pid: number;
  /** Other templates have other tables. */
  readonly template: string;
  readonly services: ServiceAddresses;
}

/** Makes the services known to other commands, unless some are known already; the result takes that back. */
export async function announceServices(
  templateFile: string,
  { configEndpoint, nodes, dynamodbEndpoint }: ServiceAddresses,
  file = STATE_FILE,
): Promise<() => Promise<void>> {
  if ((await answeringState(file)) !== undefined) return async () => {};
  const services: ServiceAddresses = { configEndpoint, nodes, dynamodbEndpoint };
  const state: State = { pid: process.pid, template: path.resolve(templateFile), services };
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(state, null, 2)}\n`);
  return async () => {
    if ((await readState(file))?.pid === process.pid) await rm(file, { force: true });
  };
}

/** The announced services, if they are this template's and still answer. */
export async function findRunningServices(
  templateFile: string,
  file = STATE_FILE,
): Promise<ServiceAddresses | undefined> {
  const state = await answeringState(file);
  return state?.template === path.resolve(templateFile) ? state.services : undefined;
}

/** A killed process leaves its file behind, so the endpoint is asked whether it still lists the same nodes. */
async function answeringState(file: string): Promise<State | undefined> {
  const state = await readState(file);
  if (state === undefined) return undefined;
  const { configEndpoint, nodes } = state.services;
  const [host, port] = configEndpoint.split(':');
  const reply = await ask({ host: host!, port: Number(port) }, 'config get cluster').catch(() => '');
  const listed = [...reply.matchAll(/([\d.]+)\|[^|\s]*\|(\d+)/g)].map(([, name, port]) => `${name}:${port}`);
  return listed.join() === nodes.join() ? state : undefined;
}

/** A file that holds anything else, as one cut short or edited by hand does, announces nothing. */
async function readState(file: string): Promise<State | undefined> {
  try {
    const state: unknown = JSON.parse(await readFile(file, 'utf8'));
    return isState(state) ? state : undefined;
  } catch {
    return undefined;
  }
}

function isState(value: unknown): value is State {
  if (!isObject(value) || typeof value.pid !== 'number' || typeof value.template !== 'string') return false;
  const { services } = value;
  return (
    isObject(services) &&
    typeof services.configEndpoint === 'string' &&
    Array.isArray(services.nodes) &&
    services.nodes.length > 0 &&
    services.nodes.every((node) => typeof node === 'string') &&
    (services.dynamodbEndpoint === undefined || typeof services.dynamodbEndpoint === 'string')
  );
}
