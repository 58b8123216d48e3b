import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startNode, type TestNode } from '../../../src/testing/index.ts';
import { exchange, RawClient } from '../../support/raw-client.ts';

let node: TestNode;
let client: RawClient;
beforeEach(async () => {
  node = await startNode();
  await exchange(node, ['ms a 5\r\nvalue\r\n']);
  client = await RawClient.connect(node);
});
afterEach(async () => {
  client.close();
  await node.close();
});

const HIT = 'VA 5\r\nvalue\r\n';
const get = (): Promise<string> => client.ask('mg a v\r\n', 'value\r\n');
const milliseconds = async (work: Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work;
  return performance.now() - start;
};

describe('of replies', () => {
  test('slow: later, in their order, and in time again once it is cleared', async () => {
    node.faults.set({ kind: 'slow', delayMillis: 60 });
    const first = milliseconds(client.ask('mg a v\r\n', HIT));
    expect(await first).toBeGreaterThan(50);
    client.write('mg a v O1\r\n');
    while (node.stats.cmd_get < 2) await new Promise(setImmediate);
    node.faults.clear('slow');
    expect(await client.ask('mg a v O2\r\n', 'O2\r\nvalue\r\n')).toBe(
      'VA 5 O1\r\nvalue\r\nVA 5 O2\r\nvalue\r\n',
    );
    expect(await milliseconds(get())).toBeLessThan(50);
  });

  test('cut: the first bytes, then the end', async () => {
    node.faults.set({ kind: 'cut', afterBytes: 8 });
    client.write('mg a v\r\nmg a v\r\n');
    expect(await client.rest()).toBe(HIT.slice(0, 8));
    expect(client.errorCode).toBeUndefined();
    await expect.poll(() => node.stats.curr_connections).toBe(0);
  });

  test('reset: the first bytes, then a reset', async () => {
    node.faults.set({ kind: 'reset', afterBytes: 8 });
    client.write('mg a v\r\n');
    const got = await client.rest();
    await expect.poll(() => client.errorCode).toBe('ECONNRESET');
    expect(HIT.startsWith(got)).toBe(true);
  });

  test('stall: the first bytes, and the rest when it is cleared', async () => {
    node.faults.set({ kind: 'stall', afterBytes: 8, times: 1 });
    client.write('mg a v\r\nmg a v O2\r\n');
    expect(await client.take(8)).toBe('VA 5\r\nva');
    const other = await RawClient.connect(node);
    expect(await other.ask('mg a v\r\n', 'value\r\n')).toBe(HIT);
    expect(client.received).toBe('');
    node.faults.clear();
    expect(await client.ask('', 'O2\r\nvalue\r\n')).toBe('lue\r\nVA 5 O2\r\nvalue\r\n');
    other.close();
  });

  test('drop: done, but never answered', async () => {
    node.faults.set({ kind: 'drop', times: 1 });
    expect(await client.ask('ms a 3\r\nnew\r\nmg a v\r\n', 'new\r\n')).toBe('VA 3\r\nnew\r\n');
  });

  test('garble: other bytes in the same place', async () => {
    node.faults.set({ kind: 'garble', bytes: '\0\0', times: 1 });
    node.faults.set({ kind: 'garble', bytes: 'VALUE AND MORE', at: 6, times: 1 });
    expect(await client.ask('mg a v\r\n', 'VALUE A')).toBe('VA 5\r\nVALUE A');
    node.faults.set({ kind: 'garble', bytes: 'x', at: 1000, times: 1 });
    expect(await get()).toBe(HIT);
  });

  test('replace: another reply', async () => {
    node.faults.set({ kind: 'replace', reply: 'SERVER_ERROR busy\r\n', times: 2 });
    expect(await client.ask('mg a v\r\nmg a v\r\nmg a v\r\n', HIT)).toBe(
      `${'SERVER_ERROR busy\r\n'.repeat(2)}${HIT}`,
    );
  });

  test('a reply with a long value is cut inside of it', async () => {
    const value = 'x'.repeat(400_000);
    await exchange(node, [`ms a ${value.length}\r\n${value}\r\n`]);
    node.faults.set({ kind: 'cut', afterBytes: 200_000 });
    client.write('mg a v\r\n');
    expect(await client.rest()).toHaveLength(200_000);
  });

  test('binary replies meet them too', async () => {
    node.faults.set({ kind: 'cut', afterBytes: 10 });
    client.write(`\x80\x0a${'\0'.repeat(22)}`);
    expect(await client.rest()).toHaveLength(10);
  });
});

describe('are counted', () => {
  test('skip replies, then so many times', async () => {
    node.faults.set({ kind: 'replace', reply: 'no\r\n', skip: 2, times: 1 });
    expect(await client.ask('mn\r\nmn\r\nmn\r\nmn\r\nversion\r\n', '.18\r\n')).toBe(
      'MN\r\nMN\r\nno\r\nMN\r\nVERSION 1.6.18\r\n',
    );
    expect(node.faults.active).toEqual([]);
  });

  test('one of each kind at a time', () => {
    node.faults.set({ kind: 'drop', times: 3 });
    node.faults.set({ kind: 'drop', times: 1 });
    node.faults.set({ kind: 'hang' });
    expect(node.faults.active).toEqual([{ kind: 'drop', times: 1 }, { kind: 'hang' }]);
    node.faults.clear('drop');
    expect(node.faults.active).toEqual([{ kind: 'hang' }]);
    node.faults.clear();
    expect(node.faults.active).toEqual([]);
  });

  test('by numbers that are counts', () => {
    expect(() => node.faults.set({ kind: 'drop', times: 0 })).toThrow(RangeError);
    expect(() => node.faults.set({ kind: 'drop', skip: -1 })).toThrow(RangeError);
    expect(() => node.faults.set({ kind: 'drop', skip: Number.NaN })).toThrow(RangeError);
  });
});

describe('of the node', () => {
  test('hang: nothing is done until it is cleared, then all of it', async () => {
    node.faults.set({ kind: 'hang' });
    client.write('ms a 3\r\nnew\r\nmg a v\r\n');
    const other = await RawClient.connect(node);
    other.write('mg a v\r\n');
    await expect.poll(() => node.stats.bytes_read).toBeGreaterThan(30);
    expect(node.item('a')?.value.toString()).toBe('value');
    expect(client.received + other.received).toBe('');
    node.faults.clear('hang');
    expect(await client.ask('', 'new\r\n')).toBe('HD\r\nVA 3\r\nnew\r\n');
    expect(await other.ask('', 'new\r\n')).toBe('VA 3\r\nnew\r\n');
    other.close();
  });

  test('out of memory: nothing is stored, and what was there is gone', async () => {
    node.faults.set({ kind: 'out-of-memory' });
    const talk = ['ms a 3\r\nnew\r\n', 'mg a v\r\n', 'mg b N30 v\r\n', 'ma n N0\r\n', 'set c 0 0 1\r\n1\r\n'];
    expect(await client.ask(`${talk.join('')}mn\r\n`, 'MN\r\n')).toBe(
      [
        'SERVER_ERROR out of memory storing object',
        'EN',
        'EN',
        'SERVER_ERROR Out of memory allocating new item',
        'SERVER_ERROR out of memory storing object',
        'MN\r\n',
      ].join('\r\n'),
    );
    expect(node.stats).toMatchObject({ store_no_memory: 4, curr_items: 0 });
    node.faults.clear();
    expect(await client.ask('ms a 1\r\n1\r\n', '\r\n')).toBe('HD\r\n');
  });

  test('max connections: those beyond the limit are told and closed', async () => {
    await client.ask('mn\r\n', 'MN\r\n');
    node.faults.set({ kind: 'max-connections', limit: 1 });
    expect(await exchange(node, [])).toBe('ERROR Too many open connections\r\n');
    expect(await get()).toBe(HIT);
    expect(node.stats).toMatchObject({ rejected_connections: 1, curr_connections: 1 });
    client.close();
    await expect.poll(() => node.stats.curr_connections).toBe(0);
    expect(await exchange(node, ['mg a v\r\n'])).toBe(HIT);
  });
});
