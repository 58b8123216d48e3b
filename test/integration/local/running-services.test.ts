import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startConfigEndpoint } from '../../../scripts/local/cluster/config-endpoint.ts';
import { nodeName } from '../../../scripts/local/cluster/node.ts';
import { announceServices, findRunningServices } from '../../../scripts/local/running-services.ts';

const NODE = { host: '127.0.0.1', port: 11211 };

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'running-'));
  file = path.join(directory, 'cluster.json');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function startServices() {
  const endpoint = await startConfigEndpoint([NODE]);
  const services = {
    configEndpoint: nodeName(endpoint),
    nodes: [nodeName(NODE)],
    dynamodbEndpoint: 'http://x',
  };
  return { endpoint, services };
}

it('are found by the template that announced them, until they are taken back', async () => {
  const { endpoint, services } = await startServices();
  const takeBack = await announceServices('a.yaml', services, file);
  expect(await findRunningServices('a.yaml', file)).toEqual(services);
  expect(await findRunningServices('b.yaml', file)).toBeUndefined();
  await takeBack();
  expect(await readdir(directory)).toEqual([]);
  await endpoint.close();
});

it('are not found once they are gone without a word', async () => {
  const { endpoint, services } = await startServices();
  await announceServices('a.yaml', services, file);
  await endpoint.close();
  expect(await findRunningServices('a.yaml', file)).toBeUndefined();
});

it('stay announced when others come', async () => {
  const [first, second] = [await startServices(), await startServices()];
  await announceServices('a.yaml', first.services, file);
  const takeBackNothing = await announceServices('a.yaml', second.services, file);
  await takeBackNothing();
  expect(await findRunningServices('a.yaml', file)).toEqual(first.services);
  await Promise.all([first.endpoint.close(), second.endpoint.close()]);
});

it.each([
  '',
  '{}',
  'null',
  '[]',
  '{"services":{}}',
  '{"template":"a","services":{"configEndpoint":"x","nodes":[]}}',
])('are not read from a file that holds something else: %s', async (content) => {
  await writeFile(file, content.replace('"a"', JSON.stringify(path.resolve('a.yaml'))));
  expect(await findRunningServices('a.yaml', file)).toBeUndefined();
  const { endpoint, services } = await startServices();
  await announceServices('a.yaml', services, file);
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ services });
  await endpoint.close();
});
