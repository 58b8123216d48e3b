import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock, startNode, type TestNode } from '../../../src/testing/index.ts';
import { exchange } from '../../support/raw-client.ts';

const THIRTY_DAYS = 2_592_000;

let clock: ManualClock;
let node: TestNode;
beforeEach(async () => {
  clock = new ManualClock();
  node = await startNode({ clock });
});
afterEach(() => node.close());

const say = (text: string): Promise<string> => exchange(node, [text]);

test('an item lives its TTL and no second longer', async () => {
  await say('ms a 1 T60\r\n1\r\n');
  clock.advance(59_999);
  expect(await say('mg a t v\r\n')).toBe('VA 1 t1\r\n1\r\n');
  clock.advance(1);
  expect(await say('mg a t v\r\nget a\r\n')).toBe('EN\r\nEND\r\n');
  expect(node.stats).toMatchObject({ get_expired: 1, curr_items: 0 });
});

test('0 is for ever, a negative TTL has passed, up to 30 days is a span', async () => {
  await say(`ms never 0 T0\r\n\r\nms past 0 T-1\r\n\r\nms longest 0 T${THIRTY_DAYS}\r\n\r\n`);
  expect(await say('mg never t\r\nmg past t\r\nmg longest t\r\n')).toBe(
    `HD t-1\r\nEN\r\nHD t${THIRTY_DAYS}\r\n`,
  );
  clock.advance(THIRTY_DAYS * 1000);
  expect(await say('mg never t\r\nmg longest t\r\n')).toBe('HD t-1\r\nEN\r\n');
});

test('more than 30 days is a date', async () => {
  const inAnHour = clock.wall() / 1000 + 3600;
  await say(`set date 0 ${inAnHour} 1\r\n1\r\nset past 0 ${THIRTY_DAYS + 1} 1\r\n1\r\n`);
  expect(await say('mg date t\r\nmg past t\r\n')).toBe('HD t3600\r\nEN\r\n');
  clock.advance(3_600_000);
  expect(await say('mg date t\r\n')).toBe('EN\r\n');
});

test('touch, gat and mg T give a new TTL', async () => {
  await say('set a 0 10 1\r\n1\r\n');
  expect(await say('touch a 20\r\nmg a t\r\n')).toBe('TOUCHED\r\nHD t20\r\n');
  expect(await say('gat 30 a\r\nmg a t\r\n')).toBe('VALUE a 0 1\r\n1\r\nEND\r\nHD t30\r\n');
  expect(await say('mg a T40 t\r\nmg a t T50\r\n')).toBe('HD t40\r\nHD t40\r\n');
});

test('ma keeps a TTL that T was to change when the number grows a digit, as memcached does', async () => {
  await say('ms n 1 T10\r\n9\r\n');
  expect(await say('ma n T60 v\r\nmg n t v\r\n')).toBe('VA 2\r\n10\r\nVA 2 t10\r\n10\r\n');
  expect(await say('ma n T60 v\r\nmg n t v\r\n')).toBe('VA 2\r\n11\r\nVA 2 t60\r\n11\r\n');
});

test('a delayed flush takes what is older than its second', async () => {
  await say('set a 0 0 1\r\n1\r\nflush_all 10\r\n');
  clock.advance(8000);
  expect(await say('get a\r\n')).toBe('VALUE a 0 1\r\n1\r\nEND\r\n');
  clock.advance(2000);
  expect(await say('get a\r\nset b 0 0 1\r\n2\r\nget b\r\n')).toBe(
    'END\r\nSTORED\r\nVALUE b 0 1\r\n2\r\nEND\r\n',
  );
  expect(node.stats.get_flushed).toBe(1);
});

test('time since the last access moves with the second read only', async () => {
  await say('ms a 0\r\n\r\n');
  clock.advance(5000);
  expect(await say('mg a l h\r\n')).toBe('HD l5 h0\r\n');
  clock.advance(5000);
  expect(await say('mg a l h\r\n')).toBe('HD l10 h1\r\n');
  expect(await say('mg a l h u\r\n')).toBe('HD l0 h1\r\n');
});

test('a clock of its own moves both readings, and never back', () => {
  const [monotonic, wall] = [clock.monotonic(), clock.wall()];
  clock.advance(1500);
  expect([clock.monotonic() - monotonic, clock.wall() - wall]).toEqual([1500, 1500]);
  expect(() => clock.advance(-1)).toThrow(RangeError);
  expect(new ManualClock(1000).wall()).toBe(1000);
});
