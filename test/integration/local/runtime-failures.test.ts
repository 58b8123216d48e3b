import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildFunction } from '../../../scripts/local/runtime/build-function.ts';
import { ExecutionEnvironment } from '../../../scripts/local/runtime/execution-environment.ts';
import { FunctionPool } from '../../../scripts/local/runtime/function-pool.ts';
import { RuntimeApi } from '../../../scripts/local/runtime/runtime-api.ts';
import { functionNamed } from '../../../scripts/local/template/functions.ts';
import { Template } from '../../../scripts/local/template/template.ts';
import { isRunning, processState } from './processes.ts';

const HANDLER = `
const { spawn } = require('node:child_process');
exports.handler = async (event) => {
  if (!event.spawn) return process.pid;
  const child = spawn('sleep', ['47'], { stdio: 'inherit', detached: event.spawn === 'detached' });
  console.log('child ' + child.pid + ' of ' + process.pid);
  if (event.exit) process.exit(1);
  if (event.hang) await new Promise(() => setInterval(() => {}, 1000));
  return child.pid;
};`;

let directory: string;
let taskRoot: string;
const opened: { close(): Promise<void> }[] = [];
const orphans: number[] = [];
const lines: string[] = [];

const template = new Template(
  `Resources:
  Probe:
    Type: AWS::Serverless::Function
    Properties: { Handler: index.handler, Runtime: nodejs24.x, InlineCode: ${JSON.stringify(HANDLER)} }`,
  '/',
);
const definition = functionNamed(template, 'Probe');

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'failures-'));
  taskRoot = await buildFunction(definition, directory);
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await Promise.all(opened.splice(0).map((thing) => thing.close()));
  for (const pid of orphans.splice(0)) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  lines.length = 0;
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const optionsWith = (environment = {}) => ({
  definition: { ...definition, timeoutSeconds: 0.5 },
  taskRoot,
  environment,
  freeze: true,
  log: { platform: () => {}, output: (line: string) => lines.push(line) },
});

describe('an environment with a variable that no process can be given', () => {
  it.each([
    ['a null byte', 'a\0b', 'without null bytes'],
    ['more bytes than the system takes', 'x'.repeat(3_000_000), 'environment variables are too long'],
  ])('fails to start and leaves no timer behind: %s', async (_, X, message) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await expect(ExecutionEnvironment.start(optionsWith({ X }))).rejects.toMatchObject({
      name: 'InitFailure',
      payload: expect.stringContaining(message),
    });
    expect(vi.getTimerCount()).toBe(0);
    expect(lines.join()).toContain(message);
  });

  it('is an answer to the request, not the end of the server', async () => {
    const pool = new FunctionPool(optionsWith({ X: 'a\0b' }), 1);
    opened.push(pool);
    const { status, payload } = await pool.invoke('{}');
    expect(status).toBe('error');
    expect(JSON.parse(payload).errorType).toBe('Runtime.InvalidEnvironment');
  });
});

it('an idle environment that died is closed when the next request finds it', async () => {
  const opens = vi.spyOn(RuntimeApi.prototype, 'listen');
  const closes = vi.spyOn(RuntimeApi.prototype, 'close');
  const start = vi.spyOn(ExecutionEnvironment, 'start');
  const pool = new FunctionPool(optionsWith(), 1);
  opened.push(pool);
  await pool.invoke('{}');
  const environment = (await start.mock.results[0]!.value) as ExecutionEnvironment;
  process.kill(environment.pid!, 'SIGKILL');
  await vi.waitUntil(() => !environment.alive);
  expect((await pool.invoke('{}')).status).toBe('success');
  await pool.close();
  expect([opens.mock.calls.length, closes.mock.calls.length]).toEqual([2, 2]);
});

describe('a process that a handler starts', () => {
  async function start(): Promise<ExecutionEnvironment> {
    const environment = await ExecutionEnvironment.start(optionsWith());
    opened.push(environment);
    return environment;
  }
  const childOf = () => {
    const pid = Number(/child (\d+)/.exec(lines.join('\n'))?.[1]);
    orphans.push(pid);
    return pid;
  };

  it.each([
    ['times out', '{"spawn":"attached","hang":true}', 'timeout'],
    ['exits', '{"spawn":"attached","exit":true}', 'error'],
  ])('ends with it when it %s', async (_, event, expected) => {
    const environment = await start();
    const { status, durationMs } = await environment.invoke(event);
    expect(status).toBe(expected);
    expect(durationMs).toBeLessThan(10_000);
    await vi.waitUntil(() => !isRunning(childOf()));
  });

  it('does not hold up the result even from a process group of its own', async () => {
    const environment = await start();
    const { status, durationMs } = await environment.invoke('{"spawn":"detached","hang":true}');
    expect(status).toBe('timeout');
    expect(durationMs).toBeLessThan(10_000);
    expect(isRunning(childOf())).toBe(true);
  });

  it.skipIf(process.platform !== 'linux')('is frozen with it, and gone once it is closed', async () => {
    const environment = await start();
    await environment.invoke('{"spawn":"attached"}');
    await vi.waitUntil(() => processState(childOf()) === 'T', { interval: 1 });
    await environment.close();
    await vi.waitUntil(() => !isRunning(childOf()));
  });
});

it('a process that an owned one started does not survive us either', async () => {
  const module = new URL('../../../scripts/local/owned-process.ts', import.meta.url).href;
  const script = `
    const { spawnOwned } = await import(${JSON.stringify(module)});
    const shell = spawnOwned('sh', ['-c', 'sleep 47 >/dev/null & echo $!; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
    shell.stdout.pipe(process.stdout);
    setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(owner.stdout, 'data');
  const pid = Number(line);
  orphans.push(pid);
  expect(isRunning(pid)).toBe(true);
  owner.kill('SIGKILL');
  await vi.waitUntil(() => !isRunning(pid));
});
