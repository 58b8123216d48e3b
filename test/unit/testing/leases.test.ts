import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock, startNode, type TestNode } from '../../../src/testing/index.ts';
import { exchange } from '../../support/raw-client.ts';

let clock: ManualClock;
let node: TestNode;
beforeEach(async () => {
  clock = new ManualClock();
  node = await startNode({ clock });
});
afterEach(() => node.close());

const say = (text: string): Promise<string> => exchange(node, [text]);

test('the first to miss wins the lease, the others wait, and the fill ends it', async () => {
  expect(await say('mg a N30 v c O1\r\n')).toBe('VA 0 c1 O1 W\r\n\r\n');
  expect(node.item('a')).toMatchObject({
    leased: true,
    stale: false,
    ttlSeconds: 30,
    value: Buffer.alloc(0),
  });
  expect(await say('mg a N30 v O2\r\n')).toBe('VA 0 O2 Z\r\n\r\n');
  expect(await say('ms a 5 C1 T300\r\nvalue\r\n')).toBe('HD\r\n');
  expect(await say('mg a N30 v t\r\n')).toBe('VA 5 t300\r\nvalue\r\n');
});

test('a winner that never fills loses its lease with the stub', async () => {
  await say('mg a N30 v\r\n');
  clock.advance(30_000);
  expect(await say('mg a N30 v c\r\n')).toBe('VA 0 c2 W\r\n\r\n');
  expect(await say('ms a 3 C1\r\nold\r\n')).toBe('EX\r\n');
});

test('a fill of an item that is gone is told so', async () => {
  await say('mg a N30\r\n');
  await say('md a\r\n');
  expect(await say('ms a 3 C1\r\nold\r\n')).toBe('NF\r\n');
});

test('one reader wins the right to renew an item that is about to end', async () => {
  await say('ms a 1 T60\r\n1\r\n');
  expect(await say('mg a R30 v t\r\n')).toBe('VA 1 t60\r\n1\r\n');
  clock.advance(40_000);
  expect(await say('mg a R30 v t\r\n')).toBe('VA 1 t20 W\r\n1\r\n');
  expect(await say('mg a R30 v t\r\n')).toBe('VA 1 t20 Z\r\n1\r\n');
});

test('an item marked stale keeps its value for its new TTL, and one reader wins', async () => {
  await say('ms a 3 T600\r\nold\r\n');
  expect(await say('md a I T20\r\n')).toBe('HD\r\n');
  expect(node.item('a')).toMatchObject({ stale: true, leased: false, cas: 2n, ttlSeconds: 20 });
  expect(await say('mg a v t c\r\n')).toBe('VA 3 t20 c2 X W\r\nold\r\n');
  expect(await say('mg a v\r\n')).toBe('VA 3 Z X\r\nold\r\n');
  expect(await say('ms a 3 C2\r\nnew\r\nmg a v\r\n')).toBe('HD\r\nVA 3\r\nnew\r\n');
});

test('a fill that comes too late is stored stale where it asks for that, and refused where not', async () => {
  await say('ms a 3 T600\r\none\r\n');
  await say('md a I\r\n');
  expect(await say('ms a 3 C1\r\ntwo\r\n')).toBe('EX\r\n');
  expect(await say('ms a 3 C1 I T5\r\ntwo\r\n')).toBe('HD\r\n');
  expect(await say('mg a v t\r\n')).toBe('VA 3 t600 X W\r\ntwo\r\n');
  expect(await say('ms a 3 C99 I\r\ntwo\r\n')).toBe('EX\r\n');
});
