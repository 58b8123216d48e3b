import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { afterEach, describe, expect, it, vi } from 'vitest';
import catalogue from '../../handlers/catalogue.json' with { type: 'json' };
import { openDynamoStore } from '../../handlers/dynamo-store.ts';
import { openEmbeddedStore } from '../../handlers/embedded-store.ts';
import type { ItemStore } from '../../handlers/item-store.ts';
import { freePort } from '../support/memcached.ts';
import { bodyOf, loadCatalogue, readEvent } from './catalogue.ts';

const TABLE = 'items';
const CREDENTIALS = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };

function useDynamoAt(port: number): void {
  for (const [name, value] of Object.entries(CREDENTIALS)) vi.stubEnv(name, value);
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', `http://127.0.0.1:${port}`);
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

let server: Server | undefined;

afterEach(() => {
  vi.unstubAllEnvs();
  server?.close();
  server = undefined;
});

async function openDynalite(): Promise<void> {
  server = dynalite({ createTableMs: 0 });
  useDynamoAt(await listening(server));
  const client = new DynamoDBClient();
  await client.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  );
  client.destroy();
}

const STORES: [string, () => ItemStore | Promise<ItemStore>][] = [
  ['embedded', () => openEmbeddedStore()],
  ['DynamoDB', () => openDynalite().then(() => openDynamoStore(TABLE))],
];

describe.each(STORES)('the %s store', (_, open) => {
  it('gives back what was put, in ones and in many', async () => {
    const store = await open();
    const items = Array.from({ length: 130 }, (_, i) => ({
      id: `new ${i}`,
      name: `Mug ${i}`,
      priceCents: i,
    }));
    await Promise.all(items.map((item) => store.put(item)));
    expect(await store.get('new 7')).toEqual(items[7]);

    const found = await store.getMany(['nothing', ...items.map(({ id }) => id)]);
    expect(found.sort((a, b) => a.priceCents - b.priceCents)).toEqual(items);
    expect(await store.getMany([])).toEqual([]);
  });

  it('forgets what was deleted, and lets it be put again', async () => {
    const store = await open();
    const item = { id: '1', name: 'Mug', priceCents: 1 };
    await store.put(item);
    await store.delete('1');
    await store.delete('never there');
    expect(await store.get('1')).toBeUndefined();
    expect(await store.getMany(['1'])).toEqual([]);
    await store.put(item);
    expect(await store.get('1')).toEqual(item);
  });
});

describe('the embedded store', () => {
  it('starts with forty products', async () => {
    expect(catalogue.map(({ id }) => id)).toEqual(Array.from({ length: 40 }, (_, i) => String(i + 1)));
    expect(await openEmbeddedStore().get('40')).toEqual(catalogue[39]);
  });
});

describe('the DynamoDB store', () => {
  it('asks again for the keys that DynamoDB left unread', async () => {
    const asked: string[][] = [];
    server = dynamoThat((request) => {
      const { Keys } = request.RequestItems[TABLE]!;
      asked.push(Keys.map(({ id }) => id.S));
      const [first, ...left] = Keys;
      return {
        Responses: { [TABLE]: [{ id: first!.id, name: { S: 'Mug' }, priceCents: { N: '1' } }] },
        UnprocessedKeys: left.length > 0 ? { [TABLE]: { Keys: left } } : {},
      };
    });
    useDynamoAt(await listening(server));
    const found = await openDynamoStore(TABLE).getMany(['a', 'b', 'c']);
    expect(found.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(asked).toEqual([['a', 'b', 'c'], ['b', 'c'], ['c']]);
  });

  it('gives up in the end, rather than call a part the whole', async () => {
    server = dynamoThat(({ RequestItems }) => ({ Responses: {}, UnprocessedKeys: RequestItems }));
    useDynamoAt(await listening(server));
    await expect(openDynamoStore(TABLE).getMany(['a'])).rejects.toThrow('DynamoDB left 1 keys unread');
  });
});

describe('the handlers', () => {
  it('read and write the table that ITEMS_TABLE names', async () => {
    await openDynalite();
    const { getItem, listItems, putItem, deleteItem } = await loadCatalogue({
      SMEARCACHE_DISABLED: 'true',
      ITEMS_TABLE: TABLE,
    });
    const item = { id: '7', name: 'Enamel coffee mug, 500 ml', priceCents: 1490 };
    expect((await getItem(readEvent('get-item'))).statusCode).toBe(404);
    expect(bodyOf(await putItem(readEvent('put-item')))).toEqual(item);
    expect(bodyOf(await getItem(readEvent('get-item')))).toEqual(item);
    expect(bodyOf(await listItems(readEvent('list-items', { ids: '6,7' })))).toEqual({ items: [item] });
    expect((await deleteItem(readEvent('delete-item'))).statusCode).toBe(204);
    expect((await getItem(readEvent('get-item'))).statusCode).toBe(404);
  });

  it('answer a bare 502 when the table cannot be reached, and log why', async () => {
    const port = await freePort();
    useDynamoAt(port);
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
    const handlers = await loadCatalogue({
      SMEARCACHE_DISABLED: 'true',
      ITEMS_TABLE: TABLE,
      POWERTOOLS_DEV: 'true', // logs to the console, where the spy is
      POWERTOOLS_LOG_LEVEL: 'ERROR',
    });
    const answers = await Promise.all([
      handlers.getItem(readEvent('get-item')),
      handlers.listItems(readEvent('list-items-rest')),
      handlers.putItem(readEvent('put-item')),
      handlers.deleteItem(readEvent('delete-item-rest')),
    ]);
    for (const answer of answers) {
      expect(answer.statusCode).toBe(502);
      expect(bodyOf(answer)).toEqual({ error: 'the item store failed' });
    }
    expect(logged).toHaveBeenCalledTimes(answers.length);
    expect(logged.mock.calls[0]![0]).toContain(`ECONNREFUSED 127.0.0.1:${port}`);
    logged.mockRestore();
  });
});

interface BatchGet {
  readonly RequestItems: Readonly<
    Record<string, { readonly Keys: { readonly id: { readonly S: string } }[] }>
  >;
}

/** A DynamoDB that answers every BatchGetItem as told. */
function dynamoThat(answer: (request: BatchGet) => object): Server {
  return createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const chunks = await request.toArray();
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    response.end(JSON.stringify(answer(JSON.parse(Buffer.concat(chunks).toString()))));
  });
}
