import { spawn } from 'node:child_process';
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
    parameterOverrides: { Stage: 'prod', DeploymentPreferenceType: type, LatencyAlarmMillis: '5000' },
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
    expect(told).toContain('give the new version a schema of its own');
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

  it.each([
    [['--case', 'none'], 'there is no case none; there are: good'],
    [['--new', '.'], 'usage: npm run rehearse'],
    [['--case', 'good', '--env', 'NAME'], '--env takes NAME=VALUE, got "NAME"'],
    [['--old', '.', '--new', '.', '--speed', '0'], '--speed takes a number above 0, got "0"'],
    [['--old', '.', '--new', 'no-such-revision'], 'no-such-revision is neither a directory nor a revision'],
    [['--case', 'good', '--type', 'Canary10Percent7Minutes'], 'DeploymentPreferenceType must be one of'],
  ])('refuses %j', async (arguments_, message) => {
    const { code, stderr } = await run(...arguments_);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });
});
