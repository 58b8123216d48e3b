import { expect, it } from 'vitest';
import { Progress } from '../../../scripts/rehearse/progress.ts';

it('progress is told when nothing was said for a while, and trouble once', () => {
  let now = 0;
  const told: string[] = [];
  const progress = new Progress(
    (line) => told.push(line),
    () => now,
  );
  progress.say('minute 1');
  now = 4_999;
  progress.goesOn('minute 2');
  now = 5_000;
  progress.goesOn('minute 3');
  now = 9_999;
  progress.goesOn('minute 4');
  progress.sayOnce('trouble');
  progress.sayOnce('trouble');
  now = 14_000;
  progress.goesOn('minute 5');
  now = 15_000;
  progress.goesOn('minute 6');
  expect(told).toEqual(['minute 1', 'minute 3', 'trouble', 'minute 6']);
});
