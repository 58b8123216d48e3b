// What smearing does to one hot key, over the whole path: npm run burst. With `-- --svg FILE` it draws the picture, too.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../src/base/random.ts';
import { startBackingServices } from './backing-services.ts';
import { type BurstResult, burstChart } from './burst-chart.ts';
import { burstPicture } from './burst-picture.ts';
import { readsServed } from './cluster/ask.ts';
import { nodeName } from './cluster/node.ts';
import { FunctionHost } from './function-host.ts';
import { Gateway } from './gateway/gateway.ts';
import { DEFAULT_TEMPLATE } from './project.ts';
import { shutdownRequest, undoAll } from './shutdown.ts';
import { fail, note, say } from './terminal.ts';

const REQUESTS = 5000;
const HOT_ID = 1;
const HOT_KEY = `item:${HOT_ID}`;
/** Of all requests; the rest spreads evenly over the other items. */
const HOT_SHARE = 0.7;
const ITEMS = 200;
/** As many requests are under way at once, so each function needs no more environments than that. */
const CONCURRENCY = 4;
const SEED = 20_261_124;

/** The same ids in the same order for every run. */
function burstIds(): number[] {
  const random = seededRandom(SEED);
  return Array.from({ length: REQUESTS }, () => {
    return random() < HOT_SHARE ? HOT_ID : 2 + Math.floor(random() * (ITEMS - 1));
  });
}

/** A cluster, tables and environments of its own, so that no run finds what another has cached. */
async function run(title: string, smearKeys: string): Promise<BurstResult> {
  note(`running ${title} …`);
  const undo: (() => Promise<void>)[] = [];
  try {
    const services = await startBackingServices(DEFAULT_TEMPLATE, {});
    undo.push(() => services.close());
    const host = await FunctionHost.open({
      templateFile: DEFAULT_TEMPLATE,
      parameterOverrides: {},
      environmentOverrides: {
        variablesFor: () => ({
          SMEARCACHE_SMEAR_KEYS: smearKeys,
          SMEARCACHE_SMEAR_AUTO: 'false',
          POWERTOOLS_LOG_LEVEL: 'WARN',
          POWERTOOLS_METRICS_DISABLED: 'true',
        }),
        warnings: () => [],
      },
      services,
      freeze: true,
      maxEnvironments: CONCURRENCY,
      logFor: ({ name }) => ({ platform() {}, output: (line) => note(`${name} | ${line}`) }),
    });
    undo.push(() => host.close());
    const gateway = new Gateway({
      routes: host.functions.flatMap(({ routes }) => routes),
      invoke: (name, event) => host.invoke(name, event),
    });
    await gateway.listen(0);
    undo.push(() => gateway.close());

    const { nodes } = services.cluster;
    await concurrently(range(1, ITEMS), (id) => putItem(gateway.url, id));
    const before = await Promise.all(nodes.map(readsServed));
    const startedAt = performance.now();
    await concurrently(burstIds(), (id) => getItem(gateway.url, id));
    const seconds = (performance.now() - startedAt) / 1000;
    const after = await Promise.all(nodes.map(readsServed));
    const loads = nodes.map((node, index) => ({
      node: nodeName(node),
      reads: after[index]! - before[index]!,
    }));
    return { title, seconds, loads };
  } finally {
    await undoAll(undo, fail);
  }
}

async function putItem(url: string, id: number): Promise<void> {
  await expectOk(
    fetch(`${url}/items/${id}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: `Item ${id}`, priceCents: 100 + id }),
    }),
  );
}

async function getItem(url: string, id: number): Promise<void> {
  await expectOk(fetch(`${url}/items/${id}`));
}

async function expectOk(answer: Promise<Response>): Promise<void> {
  const response = await answer;
  const body = await response.text();
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${body}`);
}

/** Works through the list in order, `CONCURRENCY` at a time; the first failure ends it. */
async function concurrently<T>(list: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const items = list.values();
  const worker = async (): Promise<void> => {
    for (const item of items) await work(item);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { svg: { type: 'string' } } });
  say(
    `${REQUESTS} requests through the gateway and AWS's runtime client: ${HOT_SHARE * 100} % for ${HOT_KEY},`,
  );
  say(
    `the rest over ${ITEMS - 1} other items; ${CONCURRENCY} at a time; environments are frozen in between.\n`,
  );
  const plain = await run('without smearing', '');
  const smeared = await run(`${HOT_KEY} smeared`, HOT_KEY);
  say(burstChart([plain, smeared]));
  if (values.svg === undefined) return;
  const requests = `npm run burst: ${REQUESTS.toLocaleString('en')} requests, ${HOT_SHARE * 100} % of them for ${HOT_KEY}`;
  writeFileSync(values.svg, burstPicture([plain, smeared], requests));
}

const interrupted = shutdownRequest().then(() => Promise.reject(new Error('interrupted')));
await Promise.race([main(), interrupted]).catch((error) => {
  fail(error);
  process.exit(); // what runs on is of no use any more, and owned processes end with this one
});
