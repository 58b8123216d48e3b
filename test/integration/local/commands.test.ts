import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { isRunning } from './processes.ts';

const SCRIPTS = path.resolve('scripts/local');

const TEMPLATE = `
Transform: AWS::Serverless-2016-10-31
Parameters: { Greeting: { Type: String, Default: hello } }
Globals:
  Function:
    Runtime: nodejs24.x
    Environment:
      Variables:
        GREETING: !Ref Greeting
        ITEMS_TABLE: !Ref Items
        ENDPOINT: !Sub \${Cache.ConfigurationEndpoint.Address}:\${Cache.ConfigurationEndpoint.Port}
Resources:
  Cache: { Type: AWS::ElastiCache::CacheCluster }
  Items:
    Type: AWS::DynamoDB::Table
    Properties:
      KeySchema: [{ AttributeName: id, KeyType: HASH }]
      AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
  Read:
    Type: AWS::Serverless::Function
    Metadata:
      BuildMethod: esbuild
      BuildProperties: &build
        { EntryPoints: [read.ts], Format: esm, OutExtension: [.js=.mjs], External: ['@aws-sdk/*'] }
    Properties:
      Handler: read.handler
      Events: { Get: { Type: HttpApi, Properties: { Method: GET, Path: '/things/{id}' } } }
  Write:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: esbuild, BuildProperties: { <<: *build, EntryPoints: [write.ts] } }
    Properties:
      Handler: write.handler
      Events: { Put: { Type: HttpApi, Properties: { Method: PUT, Path: '/things/{id}' } } }
`;

const READ = `
import net from 'node:net';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
const nodes = () => new Promise((resolve, reject) => {
  const [host, port] = process.env.ENDPOINT!.split(':');
  const socket = net.connect(Number(port), host, () => socket.write('config get cluster\\r\\n'));
  socket.on('error', reject).on('data', (data) => (socket.destroy(), resolve(String(data).split('|').length)));
});
export const handler = async (event: any) => {
  if (event.fail) throw new Error('failed as asked');
  const key = { id: { S: event.pathParameters?.id ?? 'none' } };
  const found = await new DynamoDBClient({}).send(new GetItemCommand({ TableName: process.env.ITEMS_TABLE!, Key: key }));
  return { greeting: process.env.GREETING, pid: process.pid, thing: found.Item?.text?.S, parts: await nodes() };
};`;

const WRITE = `
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
export const handler = async (event: any) => {
  const Item = { id: { S: event.pathParameters.id }, text: { S: event.body } };
  await new DynamoDBClient({}).send(new PutItemCommand({ TableName: process.env.ITEMS_TABLE!, Item }));
  return { statusCode: 204, headers: { 'x-cache': 'miss', 'x-cache-node': 'n' } };
};`;

let directory: string;
let template: string;
const running: ChildProcess[] = [];

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'commands-'));
  template = path.join(directory, 'template.yaml');
  await writeFile(template, TEMPLATE);
  await writeFile(path.join(directory, 'read.ts'), READ);
  await writeFile(path.join(directory, 'write.ts'), WRITE);
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    child.kill('SIGKILL');
    await vi.waitUntil(() => hasEnded(child));
  }
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function run(command: string, arguments_: string[], env: Record<string, string> = {}) {
  const child = spawn(
    process.execPath,
    [path.join(SCRIPTS, command), '--template', template, ...arguments_],
    {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  running.push(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, output, exit };
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

interface Thing {
  readonly pid: number;
  readonly thing?: string;
}

const get = async (url: string): Promise<Thing> => (await (await fetch(url)).json()) as Thing;

describe('npm start', () => {
  async function start() {
    const server = run('start.ts', ['--parameter-overrides', 'Greeting=hi'], { PORT: '0' });
    const url = await vi.waitUntil(
      () => /http:\/\/127\.0\.0\.1:\d+\/things/.exec(server.output.stdout)?.[0],
      {
        timeout: 15_000,
      },
    );
    const nodes = [...server.output.stdout.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid));
    return { ...server, url, nodes };
  }

  it('serves the routes over one table and one cluster, and says what it served', async () => {
    const { url, output, child, exit } = await start();
    const missing = await get(`${url}/1`);
    expect(missing).toMatchObject({ greeting: 'hi', parts: 9 });
    expect(missing.thing).toBeUndefined();
    expect((await fetch(`${url}/1`, { method: 'PUT', body: 'first' })).status).toBe(204);
    expect(await get(`${url}/1`)).toMatchObject({ thing: 'first', pid: missing.pid });

    const unknown = await fetch(`${url}/1`, { method: 'DELETE' });
    expect([unknown.status, await unknown.json()]).toEqual([404, { message: 'Not Found' }]);

    await vi.waitUntil(() => output.stdout.includes('DELETE '));
    const served = output.stdout.split('\n').filter((line) => /^(GET|PUT|DELETE) .* ms/.test(line));
    expect(served.map((line) => line.split(/\s+/).slice(0, 5).join(' '))).toEqual([
      'GET /things/1 200 - -',
      'PUT /things/1 204 miss n',
      'GET /things/1 200 - -',
      'DELETE /things/1 404 - -',
    ]);
    child.kill('SIGINT');
    expect(await exit).toBe(0);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'leaves no process behind on %s, frozen or not',
    async (signal) => {
      const { url, nodes, child, exit } = await start();
      const { pid } = await get(`${url}/1`);
      const owned = [pid, ...nodes];
      expect(owned.every(isRunning)).toBe(true);
      child.kill(signal);
      await exit;
      await vi.waitUntil(() => !owned.some(isRunning));
    },
  );

  it('stops when asked to, although an idle runtime has died before', async () => {
    const { url, child, exit } = await start();
    const { pid } = await get(`${url}/1`);
    process.kill(pid, 'SIGKILL');
    await vi.waitUntil(async () => (await get(`${url}/1`)).pid > 0);
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
  });

  it('says so when its port is taken', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const { port } = squatter.address() as { port: number };
    const { output, exit } = run('start.ts', [], { PORT: String(port) });
    expect(await exit).toBe(1);
    expect(output.stderr).toBe(`port ${port} is taken; try PORT=${port + 1} npm start\n`);
    await new Promise((resolve) => squatter.close(resolve));
  });
});

describe('npm run invoke', () => {
  it('prints the responses and nothing else on stdout, the log on stderr', async () => {
    const { child, output, exit } = run('invoke.ts', [
      'Read',
      '-e',
      '-',
      '-e',
      path.join(directory, 'event.json'),
    ]);
    await writeFile(path.join(directory, 'event.json'), '{"pathParameters":{"id":"2"}}');
    child.stdin!.end('{"pathParameters":{"id":"1"}}');
    expect(await exit).toBe(0);
    const responses = output.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(responses).toMatchObject([{ greeting: 'hello', parts: 9 }, { greeting: 'hello' }]);
    expect(output.stderr).toMatch(/^INIT_START/m);
    expect(output.stderr).toMatch(/^REPORT RequestId: \S+\tDuration: .*Init Duration: /m);
    expect(isRunning(responses[0].pid)).toBe(false);
  });

  it('overrides variables by function and parameters by name', async () => {
    const file = path.join(directory, 'env.json');
    await writeFile(file, '{"Parameters":{"GREETING":"all"},"Read":{"GREETING":"own"}}');
    const { output, exit } = run('invoke.ts', ['Read', '--env-vars', file]);
    expect(await exit).toBe(0);
    expect(JSON.parse(output.stdout)).toMatchObject({ greeting: 'own' });
  });

  it('warns of overrides for a function that there is not', async () => {
    const file = path.join(directory, 'unknown.json');
    await writeFile(file, '{"Reed":{"GREETING":"own"}}');
    const { output, exit } = run('invoke.ts', ['Read', '--env-vars', file]);
    expect(await exit).toBe(0);
    expect(output.stderr).toContain('unknown.json: Reed is ignored');
  });

  it.each(['abc', '', '-1'])('refuses to idle for "%s"', async (idle) => {
    const { output, exit } = run('invoke.ts', ['Read', `--idle=${idle}`]);
    expect(await exit).toBe(1);
    expect(output.stderr).toBe(`--idle takes a number of milliseconds, got "${idle}"\n`);
  });

  it('fails when the function fails', async () => {
    await writeFile(path.join(directory, 'fail.json'), '{"fail":true}');
    const { output, exit } = run('invoke.ts', ['Read', '-e', path.join(directory, 'fail.json')]);
    expect(await exit).toBe(1);
    expect(JSON.parse(output.stdout)).toMatchObject({ errorType: 'Error', errorMessage: 'failed as asked' });
  });

  it('lists the functions when it knows none of that name', async () => {
    const { output, exit } = run('invoke.ts', ['Reed']);
    expect(await exit).toBe(1);
    expect(output.stderr).toMatch(/the template has no function Reed; its functions: Read, Write\n$/);
    expect(output.stdout).toBe('');
  });
});
