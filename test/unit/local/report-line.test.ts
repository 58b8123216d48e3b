import { expect, it } from 'vitest';
import { reportLine } from '../../../scripts/local/runtime/invocation.ts';

const invocation = {
  requestId: 'r',
  status: 'success',
  payload: '',
  durationMs: 3.014,
  initMs: undefined,
} as const;

it('bills the INIT phase with the first invocation', () => {
  expect(reportLine({ ...invocation, initMs: 120.5 }, 512, 80)).toBe(
    'REPORT RequestId: r\tDuration: 3.01 ms\tBilled Duration: 124 ms\tMemory Size: 512 MB\tMax Memory Used: 80 MB\tInit Duration: 120.50 ms',
  );
});

it('bills later ones for themselves, and says what went wrong', () => {
  expect(reportLine({ ...invocation, status: 'timeout' }, 512, undefined)).toBe(
    'REPORT RequestId: r\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 512 MB\tStatus: timeout',
  );
});
