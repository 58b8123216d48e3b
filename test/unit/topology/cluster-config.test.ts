import { describe, expect, it } from 'vitest';
import { parseClusterConfig } from '../../../src/topology/cluster-config.ts';

describe('the payload of a node list', () => {
  it('is a version line and entries of name, IP and port', () => {
    expect(parseClusterConfig('12\na.example|10.0.0.1|11211 b.example|10.0.0.2|11212\n')).toEqual({
      version: '12',
      nodes: [
        { host: 'a.example', port: 11_211, ip: '10.0.0.1' },
        { host: 'b.example', port: 11_212, ip: '10.0.0.2' },
      ],
    });
  });

  it.each([
    ['CR LF line ends', '3\r\na|1.1.1.1|1 b|2.2.2.2|2\r\n'],
    ['one entry a line', '3\na|1.1.1.1|1\nb|2.2.2.2|2'],
    ['several spaces', '3 \n a|1.1.1.1|1   b|2.2.2.2|2 '],
    ['tabs', '3\na|1.1.1.1|1\tb|2.2.2.2|2'],
    ['blank lines around it', '\n3\na|1.1.1.1|1 b|2.2.2.2|2\n\n'],
  ])('may hold %s', (_what, payload) => {
    expect(parseClusterConfig(payload)).toEqual({
      version: '3',
      nodes: [
        { host: 'a', port: 1, ip: '1.1.1.1' },
        { host: 'b', port: 2, ip: '2.2.2.2' },
      ],
    });
  });

  it('may leave the IP out, as nodes with TLS do', () => {
    expect(parseClusterConfig('1\na.example||11211')?.nodes).toEqual([{ host: 'a.example', port: 11_211 }]);
  });

  it('may leave the name out, and then the IP is the name', () => {
    expect(parseClusterConfig('1\n|10.0.0.1|11211')?.nodes).toEqual([
      { host: '10.0.0.1', port: 11_211, ip: '10.0.0.1' },
    ]);
  });

  it('may hold IPv6 addresses, colons and all', () => {
    expect(parseClusterConfig('1\na|2001:db8::1|11211 b|::ffff:10.0.0.1|11211')?.nodes).toEqual([
      { host: 'a', port: 11_211, ip: '2001:db8::1' },
      { host: 'b', port: 11_211, ip: '::ffff:10.0.0.1' },
    ]);
  });

  it('may list a node twice, which counts once', () => {
    expect(
      parseClusterConfig('1\na|1.1.1.1|1 b|2.2.2.2|1 a|1.1.1.1|1 a|3.3.3.3|1 a|1.1.1.1|2')?.nodes,
    ).toEqual([
      { host: 'a', port: 1, ip: '1.1.1.1' },
      { host: 'b', port: 1, ip: '2.2.2.2' },
      { host: 'a', port: 2, ip: '1.1.1.1' },
    ]);
  });

  it('may be long, and its version longer than a number can hold', () => {
    const entries = Array.from({ length: 2_000 }, (_, i) => `node-${i}.example|10.0.0.1|11211`);
    const config = parseClusterConfig(`90071992547409931\r\n${entries.join(' ')} \r\n`);
    expect(config?.version).toBe('90071992547409931');
    expect(config?.nodes).toHaveLength(2_000);
  });

  it('may list no node at all', () => {
    expect(parseClusterConfig('7\n')).toEqual({ version: '7', nodes: [] });
  });

  it('keeps the order of the nodes and the case of their names', () => {
    const names = parseClusterConfig('1\nB|1.1.1.1|1 a|1.1.1.2|1')?.nodes.map(({ host }) => host);
    expect(names).toEqual(['B', 'a']);
  });

  it.each([
    ['nothing', ''],
    ['white space', ' \r\n '],
    ['no version', 'a|1.1.1.1|1'],
    ['a version that is no number', 'v1\na|1.1.1.1|1'],
    ['a negative version', '-1\na|1.1.1.1|1'],
    ['an entry without bars', '1\na:11211'],
    ['an entry with one bar', '1\na|11211'],
    ['neither name nor IP', '1\n||11211'],
    ['no port', '1\na|1.1.1.1|'],
    ['a port of letters', '1\na|1.1.1.1|mem'],
    ['port 0', '1\na|1.1.1.1|0'],
    ['a port past the last', '1\na|1.1.1.1|65536'],
    ['one good and one bad entry', '1\na|1.1.1.1|1 b'],
    ['HTML', '<html><body>502</body></html>'],
  ])('is no list where it holds %s', (_what, payload) => {
    expect(parseClusterConfig(payload)).toBeUndefined();
  });
});
