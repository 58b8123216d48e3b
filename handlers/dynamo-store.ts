import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
} from '@aws-sdk/lib-dynamodb';
import type { Item } from './item.ts';
import type { ItemStore } from './item-store.ts';

const BATCH_SIZE = 100; // BatchGetItem takes no more
const MAX_PAUSES = 5;
const FIRST_PAUSE_MILLIS = 25;

/** Reads are consistent: what a read finds is cached for minutes, so it had better not be old already. */
const ConsistentRead = true;

export function openDynamoStore(TableName: string): ItemStore {
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({ requestHandler: { connectionTimeout: 500, requestTimeout: 2000 } }),
  );

  return {
    get: async (id) => {
      const { Item } = await client.send(new GetCommand({ TableName, Key: { id }, ConsistentRead }));
      return Item as Item | undefined;
    },

    getMany: async (ids) => {
      const found: Item[] = [];
      const wanted: Record<string, unknown>[] = ids.map((id) => ({ id }));
      let pauses = 0;
      while (wanted.length > 0) {
        const Keys = wanted.splice(0, BATCH_SIZE);
        const request = new BatchGetCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead } } });
        const { Responses, UnprocessedKeys } = await client.send(request);
        found.push(...((Responses?.[TableName] ?? []) as Item[]));
        const left = UnprocessedKeys?.[TableName]?.Keys ?? [];
        if (left.length === 0) continue;
        // Throttled, or more than 16 MB: DynamoDB answers in part, and asks us to wait for the rest.
        if (pauses === MAX_PAUSES)
          throw new Error(`DynamoDB left ${left.length} keys unread, time and again`);
        await sleep(FIRST_PAUSE_MILLIS * 2 ** pauses++);
        wanted.push(...left);
      }
      return found;
    },

    put: async (Item) => void (await client.send(new PutCommand({ TableName, Item }))),

    delete: async (id) => void (await client.send(new DeleteCommand({ TableName, Key: { id } }))),
  };
}
