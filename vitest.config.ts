import { defineConfig } from 'vitest/config';
import { SkippedReporter } from './test/support/skipped-reporter.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/setup.ts'],
    reporters: ['default', new SkippedReporter()],
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
