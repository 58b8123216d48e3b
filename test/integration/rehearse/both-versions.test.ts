import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BuildDirectory, openBuildDirectory } from '../../../scripts/local/build-directory.ts';
import { SEED_FILE } from '../../../scripts/local/project.ts';
import { type LocalTables, startLocalTables } from '../../../scripts/local/table/local-tables.ts';
import { Template } from '../../../scripts/local/template/template.ts';
import { CASES } from '../../../scripts/rehearse/cases.ts';
import { NEW, OLD, readDeployment, VERSIONS, type Version } from '../../../scripts/rehearse/deployment.ts';
import { MetricStore } from '../../../scripts/rehearse/metric-store.ts';
import { checkOutLayers } from '../../../scripts/rehearse/revision.ts';
import { Versions } from '../../../scripts/rehearse/versions.ts';
import { ManualClock, startCluster, type TestCluster } from '../../../src/testing/index.ts';

const LIMIT = { timeout: 60_000 };

/** What a copy may live, and its lease: past that no read is stale. */
const BOUND_MILLIS = 8_000;

/** Item 7 is an item like others, item 1 is smeared by the template. */
type ItemId = '1' | '7';

const DIRECTIONS: readonly [string, Version, Version][] = [
  ['the old one writes while the canary reads', OLD, NEW],
  ['the canary writes while the old one reads', NEW, OLD],
];

/** Both versions of the project over one cluster, whose time stands still until it is told. */
class Pair {
  readonly clock = new ManualClock();
  cluster!: TestCluster;
  #directory!: BuildDirectory;
  #tables!: LocalTables | undefined;
  #versions!: Versions;
  #price = 0;

  async open(nextLayers: (directory: string) => Promise<readonly string[]>, oldLayers: readonly string[]) {
    this.#directory = await openBuildDirectory();
    const at = (name: string) => path.join(this.#directory.path, name);
    await checkOutLayers(['.', ...oldLayers], at('old'));
    await checkOutLayers(['.', ...(await nextLayers(at('overlay')))], at('new'));
    const templates = { [OLD]: at('old/template.yaml'), [NEW]: at('new/template.yaml') };
    const { localValues, hooks } = await readDeployment(templates[NEW], {});
    this.cluster = await startCluster({ nodes: 4, clock: this.clock });
    this.#tables = await startLocalTables([await Template.read(templates[NEW])], SEED_FILE);
    this.#versions = await Versions.open({
      templates,
      parameters: { [OLD]: {}, [NEW]: {} },
      services: {
        configEndpoint: this.cluster.configEndpoint,
        nodes: this.cluster.names,
        dynamodbEndpoint: this.#tables?.endpoint,
      },
      localValues,
      // The machine may be busy.
      environment: {
        SMEARCACHE_OPERATION_TIMEOUT_MILLIS: '3000',
        SMEARCACHE_CONNECT_TIMEOUT_MILLIS: '3000',
      },
      store: new MetricStore(),
      filters: [],
      hooks,
      onTrouble: () => {},
    });
  }

  async close() {
    await this.#versions?.close();
    await this.#tables?.close();
    await this.cluster?.close();
    await this.#directory?.remove();
  }

  /** Prices of its own, so that no test takes another's for its own. */
  nextPrice(): number {
    this.#price += 100;
    return this.#price;
  }

  async #ask(version: Version, name: string, file: string, change: object) {
    const event = { ...JSON.parse(await readFile(file, 'utf8')), ...change };
    const { status, payload } = await this.#versions.invoke(name, version, 'live', JSON.stringify(event));
    expect(status, payload).toBe('success');
    const answer = JSON.parse(payload) as { headers: Record<string, string>; body: string };
    return { cache: answer.headers['x-cache'], item: JSON.parse(answer.body) };
  }

  async write(version: Version, id: ItemId, priceCents: number): Promise<void> {
    const change = {
      pathParameters: { id },
      body: JSON.stringify({ name: 'jug', priceCents }),
      isBase64Encoded: false,
    };
    await this.#ask(version, 'PutItemFunction', 'events/put-item.json', change);
  }

  /** How the cache answered, and the price that was read, in cents. */
  async read(version: Version, id: ItemId) {
    const change = { pathParameters: { id } };
    const { cache, item } = await this.#ask(version, 'GetItemFunction', 'events/get-item.json', change);
    // The new version answers in other units.
    const cents = version === OLD ? item.priceCents : Math.round(Number(item.price) * 100);
    return { cache, cents };
  }

  async reads(version: Version, id: ItemId, times: number): Promise<ReadonlySet<number>> {
    const found = new Set<number>();
    for (let i = 0; i < times; i += 1) found.add((await this.read(version, id)).cents);
    return found;
  }

  /** The nodes that hold a key of this version's: its base, or a copy. */
  nodesWith(version: Version, id: ItemId, suffix = '') {
    const key = `${version === OLD ? 'item-v1' : 'item-v2'}:item:${id}${suffix}`;
    return this.cluster.nodes.filter((node) => node.items().some((item) => item.key === key));
  }

  /** Reads until every node but the owner has a copy, as chance draws them. */
  async fillCopies(version: Version, id: ItemId): Promise<void> {
    for (let i = 0; i < 200 && this.nodesWith(version, id, '~sc').length < COPIES; i += 1) {
      await this.read(version, id);
    }
    expect(this.nodesWith(version, id, '~sc')).toHaveLength(COPIES);
  }
}

const COPIES = 3;

describe('two versions that name each other’s schema', () => {
  const pair = new Pair();
  beforeAll(async () => {
    await pair.open(async () => CASES['new-schema'].layers, CASES.prepared.layers);
  }, 60_000);
  afterAll(() => pair.close());
  beforeEach(() => {
    for (const node of pair.cluster.nodes) node.flush();
  });

  it.each(DIRECTIONS)('have no stale read of a plain item when %s', LIMIT, async (_, writer) => {
    const [first, second] = [pair.nextPrice(), pair.nextPrice()];
    await pair.write(writer, '7', first);
    for (const version of VERSIONS) {
      expect(await pair.read(version, '7')).toEqual({ cache: 'miss', cents: first });
      expect(await pair.read(version, '7')).toEqual({ cache: 'hit', cents: first });
    }
    await pair.write(writer, '7', second);
    for (const version of VERSIONS) expect((await pair.read(version, '7')).cents).toBe(second);
  });

  // A node that the delete cannot reach keeps its copy: the worst that an acknowledged delete leaves behind.
  it.each(DIRECTIONS)(
    'have none of a smeared item past the bound when %s',
    LIMIT,
    async (_, writer, reader) => {
      const [first, second] = [pair.nextPrice(), pair.nextPrice()];
      await pair.write(writer, '1', first);
      await pair.reads(writer, '1', 2);
      await pair.fillCopies(reader, '1');
      const owners = VERSIONS.flatMap((version) => pair.nodesWith(version, '1'));
      const cutOff = pair.nodesWith(reader, '1', '~sc').find((node) => !owners.includes(node))!;
      await cutOff.kill();
      await pair.write(writer, '1', second);
      await cutOff.accept();
      expect(pair.nodesWith(reader, '1', '~sc')).toContain(cutOff);

      pair.clock.advance(BOUND_MILLIS);
      for (const version of VERSIONS) expect([...(await pair.reads(version, '1', 20))]).toEqual([second]);
    },
  );
});

// What the tests above would see if a delete reached one schema only.
describe('two versions that do not name each other’s schema', () => {
  const pair = new Pair();
  beforeAll(async () => {
    await pair.open(async (directory) => {
      const [priced, named] = CASES['new-schema'].layers;
      const source = await readFile(path.join(named, 'handlers/cache.ts'), 'utf8');
      const nameless = source.replace("invalidates: ['item-v1'], ", '');
      expect(nameless).not.toBe(source);
      await mkdir(path.join(directory, 'handlers'), { recursive: true });
      await writeFile(path.join(directory, 'handlers/cache.ts'), nameless);
      return [priced, directory];
    }, []);
  }, 60_000);
  afterAll(() => pair.close());
  beforeEach(() => {
    for (const node of pair.cluster.nodes) node.flush();
  });

  const ITEMS: readonly [string, ItemId][] = [
    ['plain', '7'],
    ['smeared', '1'],
  ];
  it.each(ITEMS.flatMap(([kind, id]) => DIRECTIONS.map((direction) => [kind, id, ...direction] as const)))(
    'have stale reads of a %s item (%s) past the bound when %s',
    LIMIT,
    async (_, id, __, writer, reader) => {
      const [first, second] = [pair.nextPrice(), pair.nextPrice()];
      await pair.write(writer, id, first);
      await pair.reads(reader, id, 2);
      await pair.write(writer, id, second);

      pair.clock.advance(BOUND_MILLIS);
      expect(await pair.read(reader, id)).toEqual({ cache: 'hit', cents: first });
      expect((await pair.read(writer, id)).cents).toBe(second);
    },
  );
});
