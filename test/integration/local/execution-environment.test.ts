import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildFunction } from '../../../scripts/local/runtime/build-function.ts';
import { ExecutionEnvironment } from '../../../scripts/local/runtime/execution-environment.ts';
import { FunctionPool } from '../../../scripts/local/runtime/function-pool.ts';
import { functionNamed } from '../../../scripts/local/template/functions.ts';
import { Template } from '../../../scripts/local/template/template.ts';
import { isRunning, processState } from './processes.ts';

const HANDLER = `
if (process.env.INIT === 'throw') throw new Error('no start');
if (process.env.INIT === 'hang') while (true);
let calls = 0;
exports.handler = async (event, context) => {
  calls++;
  console.log('line 1 of ' + calls);
  process.stderr.write('ünïcode\\n');
  if (event.throw) throw new TypeError('broken');
  if (event.exit) process.exit(3);
  if (event.hang) while (true);
  if (event.wait) await new Promise((resolve) => setTimeout(resolve, event.wait));
  return { calls, pid: process.pid, name: context.functionName, remaining: context.getRemainingTimeInMillis() };
};`;

let directory: string;
let taskRoot: string;
const opened: { close(): Promise<void> }[] = [];
const lines: string[] = [];

const template = new Template(
  `Resources:
  Probe:
    Type: AWS::Serverless::Function
    Properties: { Handler: index.handler, Runtime: nodejs24.x, Timeout: 2, InlineCode: ${JSON.stringify(HANDLER)} }`,
  '/',
);
const definition = functionNamed(template, 'Probe');

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'environment-'));
  taskRoot = await buildFunction(definition, directory);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((thing) => thing.close()));
  lines.length = 0;
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const optionsWith = (environment = {}, timeoutSeconds = 2) => ({
  definition: { ...definition, timeoutSeconds },
  taskRoot,
  environment,
  freeze: true,
  log: { platform: (line: string) => lines.push(line), output: (line: string) => lines.push(line) },
});

async function start(timeoutSeconds?: number): Promise<ExecutionEnvironment> {
  const environment = await ExecutionEnvironment.start(optionsWith({}, timeoutSeconds));
  opened.push(environment);
  return environment;
}

const untilStopped = (pid: number) => vi.waitUntil(() => processState(pid) === 'T', { interval: 1 });

describe.skipIf(process.platform !== 'linux')('between invocations', () => {
  it('the process stands still, and while it serves one it runs', async () => {
    const environment = await start();
    const pid = environment.pid!;
    await untilStopped(pid);
    expect(environment.frozen).toBe(true);

    const serving = environment.invoke('{"wait":50}');
    expect(environment.frozen).toBe(false);
    await vi.waitUntil(() => processState(pid) !== 'T', { interval: 1 });

    expect(JSON.parse((await serving).payload)).toMatchObject({ calls: 1, pid, name: 'Probe' });
    await untilStopped(pid);
  });
});

describe('an environment', () => {
  it('keeps its state from one invocation to the next', async () => {
    const environment = await start();
    const first = await environment.invoke('{}');
    const second = await environment.invoke('{}');
    expect(JSON.parse(second.payload).calls).toBe(2);
    expect(JSON.parse(second.payload).remaining).toBeGreaterThan(1000);
    expect(first.initMs).toBeGreaterThan(0);
    expect(second.initMs).toBeUndefined();
  });

  it('logs what Lambda logs, with the lines of the function in between', async () => {
    const { requestId } = await (await start()).invoke('{}');
    expect(lines).toEqual([
      expect.stringMatching(/^INIT_START Runtime: nodejs24.x/),
      `START RequestId: ${requestId} Version: $LATEST`,
      expect.stringMatching(/INFO\tline 1 of 1$/),
      'ünïcode',
      `END RequestId: ${requestId}`,
      expect.stringMatching(/^REPORT .*\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\t.*Init Duration: /),
    ]);
  });

  it('survives a handler that throws', async () => {
    const environment = await start();
    const { status, payload } = await environment.invoke('{"throw":true}');
    expect(status).toBe('error');
    expect(JSON.parse(payload)).toMatchObject({ errorType: 'TypeError', errorMessage: 'broken' });
    expect((await environment.invoke('{}')).status).toBe('success');
  });

  it('ends with its process', async () => {
    const environment = await start();
    const { status, payload, requestId } = await environment.invoke('{"exit":true}');
    expect(status).toBe('error');
    expect(JSON.parse(payload)).toEqual({
      errorType: 'Runtime.ExitError',
      errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: exit status 3`,
    });
    expect(environment.alive).toBe(false);
  });

  it('is killed when the function takes too long', async () => {
    const environment = await start(0.2);
    const { status, payload } = await environment.invoke('{"hang":true}');
    expect(status).toBe('timeout');
    expect(JSON.parse(payload).errorMessage).toMatch(/Task timed out after 0.20 seconds$/);
    expect(environment.alive).toBe(false);
  });

  it('leaves no process behind, frozen or not', async () => {
    const environment = await start();
    const pid = environment.pid!;
    await environment.close();
    expect(isRunning(pid)).toBe(false);
  });

  it('does not start when its code throws', async () => {
    await expect(ExecutionEnvironment.start(optionsWith({ INIT: 'throw' }))).rejects.toMatchObject({
      payload: expect.stringContaining('"errorMessage":"no start"'),
    });
  });

  it('does not start when its code takes too long', async () => {
    const options = { ...optionsWith({ INIT: 'hang' }), initTimeoutMs: 300 };
    await expect(ExecutionEnvironment.start(options)).rejects.toMatchObject({
      payload: expect.stringContaining('INIT timed out after 0.3 seconds'),
    });
  });
});

describe('the environments of a function', () => {
  function open(maxEnvironments: number, environment = {}): FunctionPool {
    const pool = new FunctionPool(optionsWith(environment, 0.5), maxEnvironments);
    opened.push(pool);
    return pool;
  }
  const pidOf = async (invocation: Promise<{ payload: string }>) =>
    JSON.parse((await invocation).payload).pid;

  it('are reused for one request after the other', async () => {
    const pool = open(3);
    const pids = [await pidOf(pool.invoke('{}')), await pidOf(pool.invoke('{}'))];
    expect(new Set(pids).size).toBe(1);
  });

  it('are as many as there are requests at once, up to the bound', async () => {
    const pool = open(2);
    const event = '{"wait":50}';
    const pids = await Promise.all([1, 2, 3, 4].map(() => pidOf(pool.invoke(event))));
    expect(new Set(pids).size).toBe(2);
    expect(pool.size).toBe(2);
  });

  it('are replaced when one has ended', async () => {
    const pool = open(1);
    const first = await pidOf(pool.invoke('{}'));
    expect((await pool.invoke('{"hang":true}')).status).toBe('timeout');
    const second = await pool.invoke('{}');
    expect(second.initMs).toBeGreaterThan(0);
    expect(JSON.parse(second.payload).pid).not.toBe(first);
  });

  it('answer with the error that keeps them from starting', async () => {
    const { status, payload } = await open(1, { INIT: 'throw' }).invoke('{}');
    expect(status).toBe('error');
    expect(JSON.parse(payload)).toMatchObject({ errorType: 'Error', errorMessage: 'no start' });
  });
});
