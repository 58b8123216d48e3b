import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import {
  type AttributeDefinition,
  CreateTableCommand,
  DynamoDBClient,
  type GlobalSecondaryIndex,
  type KeySchemaElement,
  type LocalSecondaryIndex,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import dynalite from 'dynalite';
import { isObject, type JsonObject } from '../template/json.ts';
import { REGION, type Resource, type Template } from '../template/template.ts';

const SIMPLE_TABLE = 'AWS::Serverless::SimpleTable';

export interface LocalTables {
  /** Where the AWS SDK in the functions finds DynamoDB. */
  readonly endpoint: string;
  readonly names: readonly string[];
  close(): Promise<void>;
}

/**
 * The templates' tables, one of each name, in an in-memory DynamoDB, so that what one function writes another one reads. `undefined`
 * when they have none.
 */
export async function startLocalTables(
  templates: readonly Template[],
  seedFile: string,
): Promise<LocalTables | undefined> {
  const tables = tablesOf(templates);
  if (tables.size === 0) return undefined;
  const server = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new DynamoDBClient({
    endpoint,
    region: REGION,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  try {
    const seeds = await readSeeds(seedFile);
    for (const [name, properties] of tables) {
      const keys = await createTable(client, name, properties);
      const fitting = seeds.filter((item) => keys.every((key) => key in item));
      const documents = DynamoDBDocumentClient.from(client);
      await Promise.all(fitting.map((Item) => documents.send(new PutCommand({ TableName: name, Item }))));
    }
    return {
      endpoint,
      names: [...tables.keys()],
      async close() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  } catch (error) {
    server.closeAllConnections();
    server.close();
    throw error;
  } finally {
    client.destroy();
  }
}

/** The properties by the table's name; the first template that has a table says what it is like. */
function tablesOf(templates: readonly Template[]): ReadonlyMap<string, JsonObject> {
  const tables = new Map<string, JsonObject>();
  for (const template of templates) {
    for (const resource of ['AWS::DynamoDB::Table', SIMPLE_TABLE].flatMap((type) =>
      template.resources(type),
    )) {
      const name = String(template.ref(resource.name));
      if (!tables.has(name)) tables.set(name, tableProperties(template, resource));
    }
  }
  return tables;
}

/** SAM's short form names just the one key. */
function tableProperties(template: Template, resource: Resource): JsonObject {
  const properties = template.evaluate(template.properties(resource)) as JsonObject;
  if (resource.type !== SIMPLE_TABLE) return properties;
  const key = isObject(properties.PrimaryKey) ? properties.PrimaryKey : {};
  const name = key.Name ?? 'id';
  const type = String(key.Type ?? 'String').charAt(0); // String, Number or Binary: DynamoDB says S, N or B
  return {
    KeySchema: [{ AttributeName: name, KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: name, AttributeType: type }],
  };
}

/** Creates the table and returns the names of its key attributes. */
async function createTable(client: DynamoDBClient, name: string, properties: JsonObject): Promise<string[]> {
  const keySchema = properties.KeySchema as unknown as KeySchemaElement[];
  await client.send(
    new CreateTableCommand({
      TableName: name,
      KeySchema: keySchema,
      AttributeDefinitions: properties.AttributeDefinitions as unknown as AttributeDefinition[],
      GlobalSecondaryIndexes: properties.GlobalSecondaryIndexes as unknown as
        | GlobalSecondaryIndex[]
        | undefined,
      LocalSecondaryIndexes: properties.LocalSecondaryIndexes as unknown as LocalSecondaryIndex[] | undefined,
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  return keySchema.map((element) => element.AttributeName!);
}

/** A JSON array of items; a project without the file starts with empty tables. */
async function readSeeds(file: string): Promise<Record<string, unknown>[]> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new Error(`cannot read ${file}`, { cause: error });
  }
}
