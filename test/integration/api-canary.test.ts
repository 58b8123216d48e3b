import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  APIGatewayClient,
  type CanarySettings,
  CreateDeploymentCommand,
  CreateRestApiCommand,
  GetDeploymentCommand,
  GetResourcesCommand,
  GetStageCommand,
  PutIntegrationCommand,
  PutMethodCommand,
  type UpdateStageCommandInput,
} from '@aws-sdk/client-api-gateway';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { productOf, promoteCanary, rollBackCanary, startCanary } from '../../scripts/api-canary/canary.ts';
import { spawnOwned } from '../../scripts/local/owned-process.ts';
import { runPython } from '../support/python.ts';

const CANARY = {
  deploymentId: 'new1',
  percentTraffic: 10,
  stageVariableOverrides: { table: 'items-v2', alias: 'canary' },
};

interface Recorded {
  readonly request: string;
  readonly body: unknown;
}

describe('npm run api-canary', () => {
  let server: Server;
  let stage: object;
  let requests: Recorded[];

  beforeEach(async () => {
    stage = { deploymentId: 'old1', variables: { table: 'items' } };
    requests = [];
    server = createServer(async (request, response) => {
      const body = await text(request);
      requests.push({
        request: `${request.method} ${request.url}`,
        body: body === '' ? undefined : JSON.parse(body),
      });
      response.setHeader('content-type', 'application/json');
      if (request.url!.startsWith('/restapis/none/')) {
        response.writeHead(404, { 'x-amzn-errortype': 'NotFoundException' });
        response.end('{"message":"Invalid stage identifier specified"}');
      } else response.end(JSON.stringify(request.method === 'POST' ? { id: 'new1' } : stage));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function run(...arguments_: string[]) {
    const child = spawn(process.execPath, ['scripts/api-canary/main.ts', ...arguments_], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        AWS_ENDPOINT_URL_API_GATEWAY: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        AWS_REGION: 'eu-west-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      },
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { stdout, stderr, requests };
  }
  const PROD = ['--rest-api-id', 'api1', '--stage', 'prod'];

  it('starts a canary beside the deployment that the stage has', async () => {
    const { stdout } = await run(
      'start',
      ...PROD,
      '--percent',
      '5',
      '--set',
      'table=items-v2',
      '--set',
      'alias=canary',
    );
    expect(requests).toEqual([
      { request: 'GET /restapis/api1/stages/prod', body: undefined },
      {
        request: 'POST /restapis/api1/deployments',
        body: {
          stageName: 'prod',
          description: 'canary of 5 %',
          canarySettings: {
            percentTraffic: 5,
            stageVariableOverrides: { table: 'items-v2', alias: 'canary' },
            useStageCache: false,
          },
        },
      },
    ]);
    expect(stdout).toContain('deployment new1 is the canary of stage prod');
    expect(stdout).toContain('10 % new code, 0.5 % of all requests get the new API and the new code');
  });

  it('promotes it: deployment and variables of the canary, and no canary any more', async () => {
    stage = { ...stage, canarySettings: CANARY };
    const { stdout } = await run('promote', ...PROD);
    expect(requests[1]).toEqual({
      request: 'PATCH /restapis/api1/stages/prod',
      body: {
        patchOperations: [
          { op: 'replace', path: '/deploymentId', value: 'new1' },
          { op: 'replace', path: '/variables/table', value: 'items-v2' },
          { op: 'replace', path: '/variables/alias', value: 'canary' },
          { op: 'remove', path: '/canarySettings' },
        ],
      },
    });
    expect(stdout).toBe('stage prod has deployment new1, for all requests\n');
  });

  it('rolls it back and touches nothing else', async () => {
    stage = { ...stage, canarySettings: CANARY };
    const { stdout } = await run('rollback', ...PROD);
    expect(requests.slice(1)).toEqual([
      {
        request: 'PATCH /restapis/api1/stages/prod',
        body: { patchOperations: [{ op: 'remove', path: '/canarySettings' }] },
      },
    ]);
    expect(stdout).toBe('stage prod keeps deployment old1, for all requests\n');
  });

  it('starts none where there is one already', async () => {
    stage = { ...stage, canarySettings: CANARY };
    const { stderr } = await run('start', ...PROD);
    expect(stderr).toContain('has a canary already (deployment new1): promote it or roll it back first');
    expect(requests).toHaveLength(1);
  });

  it.each(['promote', 'rollback'])('has nothing to %s where there is none', async (action) => {
    const { stderr } = await run(action, ...PROD);
    expect(stderr).toBe('stage prod has no canary\n');
    expect(requests).toHaveLength(1);
  });

  it('passes on what API Gateway says', async () => {
    const { stderr } = await run('promote', '--rest-api-id', 'none', '--stage', 'prod');
    expect(stderr).toBe('Invalid stage identifier specified\n');
  });

  it.each([
    [['start', ...PROD, '--percent', '0'], '--percent takes a number above 0 and up to 100, got "0"'],
    [['start', ...PROD, '--percent', ''], '--percent takes a number'],
    [['start', ...PROD, '--set', 'table'], '--set takes NAME=VALUE'],
    [['start', '--stage', 'prod'], 'usage: npm run api-canary'],
    [['begin', ...PROD], 'usage: npm run api-canary'],
  ])('refuses %j before it asks anybody', async (arguments_, message) => {
    const { stderr } = await run(...arguments_);
    expect(stderr).toContain(message);
    expect(requests).toEqual([]);
  });
});

it('the guide’s example is what the command prints', async () => {
  const guide = await readFile('docs/guides/canary.md', 'utf8');
  const [, oldCode, newCode] = /\| new API \(20 %\) \| (\d+) \| (\d+) \|/.exec(guide)!;
  const [, other] = /\| old API \(80 %\) \| \d+ \| (\d+) \|/.exec(guide)!;
  const printed = productOf(20, 10);
  expect(printed).toContain(`${Number(newCode) / 10} % of all requests get the new API and the new code`);
  expect(printed).toContain(`${Number(oldCode) / 10} % the new API and the old code`);
  expect(printed).toContain(`${Number(other) / 10} % the old API and the new code`);
});

it('the shares of both canaries add up', () => {
  expect(productOf(20, 10)).toContain(
    '10 % new code, 2 % of all requests get the new API and the new code,\n' +
      '18 % the new API and the old code, 8 % the old API and the new code.',
  );
});

const runs = runPython('-c', 'import moto.server, flask').status === 0;

describe.skipIf(!runs && process.env.CI !== 'true')(
  'the stage canary on an independent API Gateway (needs moto)',
  () => {
    let client: APIGatewayClient;
    let server: ReturnType<typeof spawnOwned>;

    beforeAll(async () => {
      const port = await freePort();
      server = spawnOwned('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
        stdio: 'ignore',
      });
      client = new APIGatewayClient({
        endpoint: `http://127.0.0.1:${port}`,
        region: 'us-east-1',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      });
      await vi.waitUntil(
        () =>
          fetch(`http://127.0.0.1:${port}/moto-api/`).then(
            () => true,
            () => false,
          ),
        {
          timeout: 25_000,
        },
      );
    });
    afterAll(() => {
      client.destroy();
      server.kill('SIGKILL');
    });

    /** A stage with one deployment, and a deployment more that no stage has. */
    async function openStage() {
      const { id } = await client.send(new CreateRestApiCommand({ name: 'catalogue' }));
      const restApiId = id!;
      const { items } = await client.send(new GetResourcesCommand({ restApiId }));
      const method = { restApiId, resourceId: items![0]!.id, httpMethod: 'GET' };
      await client.send(new PutMethodCommand({ ...method, authorizationType: 'NONE' }));
      await client.send(new PutIntegrationCommand({ ...method, type: 'MOCK' }));
      const stage = { restApiId, stageName: 'prod' };
      const variables = { table: 'items' };
      const own = await client.send(new CreateDeploymentCommand({ ...stage, variables }));
      const other = await client.send(new CreateDeploymentCommand({ restApiId }));
      return { stage, own: own.id!, other: other.id! };
    }

    const canaryOf = (deploymentId: string) => ({
      deploymentId,
      percentTraffic: 10,
      stageVariableOverrides: { table: 'items-v2' },
    });

    it('takes the request of a start', async () => {
      const { stage, own } = await openStage();
      // It keeps no canary on a stage: what it keeps is the deployment, under an id of its own.
      const deploymentId = await startCanary(client, stage, 10, { table: 'items-v2' });
      expect(deploymentId).not.toBe(own);
      const { restApiId } = stage;
      expect(await client.send(new GetDeploymentCommand({ restApiId, deploymentId }))).toMatchObject({
        description: 'canary of 10 %',
      });
    });

    it('has the canary’s deployment and variables after a promotion', async () => {
      const { stage, own, other } = await openStage();
      const forget = rememberCanary(client, canaryOf(other));
      expect(await promoteCanary(client, stage)).toBe(other);
      expect(other).not.toBe(own);
      const after = await client.send(new GetStageCommand(stage));
      expect(after).toMatchObject({ deploymentId: other, variables: { table: 'items-v2' } });
      expect(after.canarySettings).toBeUndefined();
      await expect(promoteCanary(client, stage)).rejects.toThrow('stage prod has no canary');
      forget();
    });

    it('has what it had before after a roll back', async () => {
      const { stage, own, other } = await openStage();
      const before = await client.send(new GetStageCommand(stage));
      const forget = rememberCanary(client, canaryOf(other));
      await expect(startCanary(client, stage, 10, {})).rejects.toThrow('has a canary already');
      expect(await rollBackCanary(client, stage)).toBe(own);
      const { deploymentId, variables, canarySettings } = await client.send(new GetStageCommand(stage));
      expect({ deploymentId, variables }).toEqual({
        deploymentId: before.deploymentId,
        variables: { table: 'items' },
      });
      expect(canarySettings).toBeUndefined();
      await expect(rollBackCanary(client, stage)).rejects.toThrow('stage prod has no canary');
      forget();
    });
  },
);

/** Moto takes a stage's canary and forgets it: the client remembers it in its place, until a request removes it. */
function rememberCanary(client: APIGatewayClient, settings: CanarySettings): () => void {
  const name = 'rememberCanary';
  let kept: CanarySettings | undefined = settings;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      if (context.commandName === 'GetStageCommand' && kept !== undefined) {
        Object.assign(result.output, { canarySettings: kept });
      }
      const { patchOperations = [] } = args.input as Partial<UpdateStageCommandInput>;
      if (patchOperations.some(({ op, path }) => op === 'remove' && path === '/canarySettings'))
        kept = undefined;
      return result;
    },
    { step: 'initialize', name },
  );
  return () => void client.middlewareStack.remove(name);
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
