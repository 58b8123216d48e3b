import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CASES, type CaseName } from '../../../scripts/rehearse/cases.ts';
import { rehearse } from '../../../scripts/rehearse/rehearsal.ts';

const LIMIT = { timeout: 120_000 };

/** The machine may be busy with other tests, which is no fault of a version. */
const PATIENCE = {
  SMEARCACHE_CONNECT_TIMEOUT_MILLIS: '3000',
  SMEARCACHE_OPERATION_TIMEOUT_MILLIS: '3000',
};

/** In a short form: a minute of the rehearsal lasts as long as its requests take. */
async function rehearsal(name: CaseName, type: string, skipCheck = false) {
  const told: string[] = [];
  const outcome = await rehearse({
    old: ['.'],
    next: ['.', ...CASES[name].layers],
    type,
    parameterOverrides: { LatencyAlarmMillis: '5000' },
    environment: PATIENCE,
    speed: Number.POSITIVE_INFINITY,
    requestsPerMinute: 150,
    skipCheck,
    say: (line) => told.push(line),
  });
  const [old, next] = outcome.figures;
  return { ...outcome, told: told.join('\n'), old: old!, next: next! };
}

describe('a rehearsed release', () => {
  it('succeeds where nothing is wrong with it, and both versions have served', LIMIT, async () => {
    const { verdict, told, old, next } = await rehearsal('good', 'Linear10PercentEvery1Minute');
    expect(verdict, told).toBe('Succeeded');
    expect(told).toContain('pre-traffic hook of GetItemFunction: Succeeded');
    expect(told).toContain('post-traffic hook of DeleteItemFunction: Succeeded');
    expect(told).toContain('50 % of the traffic goes to the new version');
    // The hooks ask the live version, too.
    expect(old.invocations + next.invocations).toBeGreaterThanOrEqual(11 * 150 + 10);
    expect([old.errors, old.failures, next.errors, next.failures]).toEqual([0, 0, 0, 0]);
    // Its first reads were hits: the old version has filled the cache.
    expect(next.hits).toBeGreaterThan(next.misses);
  });

  it('is refused before traffic where it changes a shape under the same schema', LIMIT, async () => {
    const { verdict, told, next } = await rehearsal('changed-shape', 'Canary10Percent5Minutes');
    expect(verdict, told).toBe('rolled back by the pre-traffic hook of GetItemFunction');
    expect(told).toMatch(
      /^from the working tree to the working tree with scripts\/rehearse\/cases\/priced, by Canary10Percent5Minutes: building/,
    );
    expect(told).toMatch(/^ {2}found: .* give the new version a schema of its own$/m);
    expect(told).toContain('GetItemFunction, new version: TypeError');
    expect(next.invocations).toBe(0);
  });

  it('is rolled back by the alarm where the check was left out', LIMIT, async () => {
    const { verdict, told, old, next } = await rehearsal('changed-shape', 'Canary10Percent5Minutes', true);
    expect(verdict, told).toMatch(/^rolled back by the alarm .*GetItemErrorsAlarm/);
    expect(next.errors).toBeGreaterThan(0);
    expect(old.errors).toBe(0);
    // It was told after a minute, of a tenth of the traffic.
    expect(next.invocations).toBeLessThan(0.25 * 2 * 150);
  });

  it('succeeds with another shape under a schema of its own', LIMIT, async () => {
    const { verdict, told, old, next } = await rehearsal('new-schema', 'Canary10Percent5Minutes');
    expect(verdict, told).toBe('Succeeded');
    expect([old.errors, old.failures, next.errors, next.failures]).toEqual([0, 0, 0, 0]);
    expect(next.invocations).toBeGreaterThan(150);
  });

  it(
    'is rolled back where writes answer 5xx, which no hook replays and Lambda counts as successes',
    LIMIT,
    async () => {
      const { verdict, told, next } = await rehearsal('failing-writes', 'Canary10Percent5Minutes');
      expect(verdict, told).toBe('rolled back by the alarm PutItemServerErrorsAlarm');
      expect(told).toContain('pre-traffic hook of PutItemFunction: Succeeded');
      expect([next.errors, next.failures > 0]).toEqual([0, true]);
    },
  );

  it(
    'is refused with the share of the keys that would move where it places them otherwise',
    LIMIT,
    async () => {
      const { verdict, told } = await rehearsal('other-dialect', 'Canary10Percent5Minutes');
      expect(verdict, told).toBe('rolled back by the pre-traffic hook of GetItemFunction');
      const [, share] = /([\d.]+) % of the keys would move to other nodes/.exec(told) ?? [];
      // Of four nodes, three quarters where nothing is left of the placement.
      expect(Number(share)).toBeGreaterThan(60);
      expect(Number(share)).toBeLessThan(90);
    },
  );
});

describe('npm run rehearse', () => {
  async function run(...arguments_: string[]) {
    const child = spawn(process.execPath, ['scripts/rehearse/main.ts', ...arguments_], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, ...output };
  }

  it('ends with a table, the verdict and exit code 1 where it was rolled back', LIMIT, async () => {
    const { code, stdout } = await run('--case', 'changed-shape', '--speed', 'Infinity', '--requests', '60');
    expect(stdout).toMatch(
      /^version {2}invocations .*\n +old .*\n +new .*\nrolled back by the pre-traffic hook/,
    );
    expect(code).toBe(1);
  });

  it('warns of a version that answers 5xx, which no alarm on errors sees', LIMIT, async () => {
    const overlay = await mkdtemp(path.join(tmpdir(), 'overlay-'));
    await mkdir(path.join(overlay, 'handlers'));
    const handler = "export const handler = async () => ({ statusCode: 503, body: '{}' });\n";
    await writeFile(path.join(overlay, 'handlers/get-item.ts'), handler);
    try {
      const pace = ['--type', 'AllAtOnce', '--speed', 'Infinity', '--requests', '60', '--skip-check'];
      const { code, stdout } = await run('--old', '.', '--new', '.', '--overlay', overlay, ...pace);
      const [, old, next, warning, verdict] = stdout.split('\n');
      expect(stdout.split('\n')[0]).toMatch(/^version {2}invocations {2}errors {2}5xx/);
      expect(old).toMatch(/^ +old +\d+ +0 +0 /);
      expect(next).toMatch(/^ +new +\d+ +0 +[1-9]\d* /);
      expect(warning).toMatch(
        /^warning: the new version answers 5xx more often than the old one, \d+ of \d+/,
      );
      expect(verdict).toBe('Succeeded');
      expect(code).toBe(0);
    } finally {
      await rm(overlay, { recursive: true });
    }
  });

  it.each([
    [['--new', '.'], 'usage: npm run rehearse'],
    [['--case', 'good', '--new', '.'], '--case names both versions'],
    [['--old', 'package.json', '--new', '.'], 'package.json is no revision (it is a file)'],
    [['--case', 'good', '--type', 'Canary10Percent7Minutes'], 'DeploymentPreferenceType must be one of'],
    [['--case', 'good', '--parameter', 'Other=1'], 'the new version: wrong parameters: Other is not'],
  ])('ends with exit code 2 where it is asked for %j', async (arguments_, message) => {
    const { code, stdout, stderr } = await run(...arguments_);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});
