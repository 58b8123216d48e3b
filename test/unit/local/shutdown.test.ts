import { expect, it } from 'vitest';
import { undoAll } from '../../../scripts/local/shutdown.ts';

it('takes back every step, the last one first, also when one cannot be taken back', async () => {
  const done: string[] = [];
  const failures: unknown[] = [];
  const steps = [
    async () => void done.push('first'),
    () => Promise.reject(new Error('stuck')),
    () => {
      throw new Error('broken');
    },
    async () => void done.push('last'),
  ];
  await undoAll(steps, (error) => failures.push((error as Error).message));
  expect(done).toEqual(['last', 'first']);
  expect(failures).toEqual(['broken', 'stuck']);
});
