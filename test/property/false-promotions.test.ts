// The long form is `npm run bench -- false-promotions`.
import { describe, expect, it } from 'vitest';
import { HotStream } from '../support/hot-stream.ts';

describe('of keys that all environments together read', () => {
  it.each([8, 20])(
    'none at a quarter of the threshold is promoted, on %i nodes, in some minutes',
    async (nodes) => {
      const stream = new HotStream({ nodes, readsPerSecond: 20_000, seed: 1 });
      await stream.run(240, { keys: 100, timesThreshold: 0.25 });
      expect([...stream.promoted.keys()]).toEqual([]);
    },
  );

  it('one at five times the threshold is promoted, soon and once', async () => {
    const stream = new HotStream({ nodes: 8, readsPerSecond: 20_000, seed: 2 });
    await stream.run(60, { keys: 1, timesThreshold: 0 });
    await stream.run(60, { keys: 1, timesThreshold: 5 });
    expect([...stream.promoted.keys()]).toEqual(['key:0']);
    expect(stream.promoted.get('key:0')! - 60).toBeLessThan(10);
  });
});
