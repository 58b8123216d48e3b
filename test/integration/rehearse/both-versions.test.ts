import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BackingServices, startBackingServices } from '../../../scripts/local/backing-services.ts';
import { type BuildDirectory, openBuildDirectory } from '../../../scripts/local/build-directory.ts';
import { CASES } from '../../../scripts/rehearse/cases.ts';
import { NEW, OLD, readDeployment, VERSIONS, type Version } from '../../../scripts/rehearse/deployment.ts';
import { MetricStore } from '../../../scripts/rehearse/metric-store.ts';
import { checkOutLayers } from '../../../scripts/rehearse/revision.ts';
import { Versions } from '../../../scripts/rehearse/versions.ts';

// An item that is not smeared: a delete that was acknowledged leaves no copy to live out its seconds.
describe('two versions that name each other’s schema', () => {
  let directory: BuildDirectory;
  let services: BackingServices;
  let versions: Versions;

  beforeAll(async () => {
    directory = await openBuildDirectory();
    const roots = { [OLD]: path.join(directory.path, 'old'), [NEW]: path.join(directory.path, 'new') };
    await checkOutLayers(['.', ...CASES.prepared.layers], roots[OLD]);
    await checkOutLayers(['.', ...CASES['new-schema'].layers], roots[NEW]);
    const templates = {
      [OLD]: path.join(roots[OLD], 'template.yaml'),
      [NEW]: path.join(roots[NEW], 'template.yaml'),
    };
    const { localValues, hooks } = await readDeployment(templates[NEW], {});
    services = await startBackingServices(templates[NEW], {});
    versions = await Versions.open({
      templates,
      parameterOverrides: {},
      services,
      localValues,
      environment: { SMEARCACHE_OPERATION_TIMEOUT_MILLIS: '3000' }, // the machine may be busy
      store: new MetricStore(),
      filters: [],
      hooks,
      onTrouble: () => {},
    });
  }, 60_000);
  afterAll(async () => {
    await versions?.close();
    await services?.close();
    await directory?.remove();
  });

  async function ask(version: Version, name: string, body?: object) {
    const file = name === 'PutItemFunction' ? 'events/put-item.json' : 'events/get-item.json';
    const event = JSON.parse(await readFile(file, 'utf8')) as object;
    const text = JSON.stringify({
      ...event,
      ...(body && { body: JSON.stringify(body), isBase64Encoded: false }),
    });
    const { status, payload } = await versions.invoke(name, version, 'live', text);
    expect(status, payload).toBe('success');
    const answer = JSON.parse(payload) as { headers: Record<string, string>; body: string };
    return { cache: answer.headers['x-cache'], item: JSON.parse(answer.body) };
  }
  const read = (version: Version) => ask(version, 'GetItemFunction');
  const write = (version: Version, priceCents: number) =>
    ask(version, 'PutItemFunction', { name: 'jug', priceCents });

  const WRITERS: [string, Version, number, number][] = [
    ['the old one writes while the canary reads', OLD, 100, 200],
    ['the canary writes while the old one reads', NEW, 300, 400],
  ];
  it.each(WRITERS)('have no stale read when %s', { timeout: 60_000 }, async (_, writer, first, second) => {
    await write(writer, first);
    for (const version of VERSIONS) {
      expect(['miss', 'hit']).toContain((await read(version)).cache);
      expect((await read(version)).cache).toBe('hit');
    }
    await write(writer, second);
    expect((await read(OLD)).item).toMatchObject({ priceCents: second });
    expect((await read(NEW)).item).toMatchObject({ price: (second / 100).toFixed(2) });
  });
});
