import type { Reporter, TestModule } from 'vitest/node';
import { INSTALL_COMMAND } from './setup.ts';

/** Says by name what was skipped and how to run it; on CI a skipped test is a failure. */
export class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string) => tests.filter((test) => test.result().state === state);
    const skipped = inState('skipped');
    const suites = new Set(skipped.map(({ fullName }) => fullName.split(' > ')[0]!));
    if (suites.size > 0) {
      process.stdout.write(`\nSkipped for lack of what they need (${INSTALL_COMMAND}):\n`);
      for (const suite of suites) process.stdout.write(`  ${suite}\n`);
      if (process.env.CI === 'true') process.exitCode = 1;
    }
    const [passed, failed] = [inState('passed').length, inState('failed').length];
    process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped.length} skipped\n`);
  }
}
