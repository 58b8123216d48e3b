import { describe, expect, it } from 'vitest';
import { parseEndpoint } from '../../../src/client/endpoint.ts';

describe('an endpoint', () => {
  it.each([
    ['cache.example:11212', { host: 'cache.example', port: 11_212 }],
    ['cache.example', { host: 'cache.example', port: 11_211 }],
    ['10.0.0.1:1', { host: '10.0.0.1', port: 1 }],
    ['[2001:db8::1]:65535', { host: '2001:db8::1', port: 65_535 }],
    ['[::1]', { host: '::1', port: 11_211 }],
    [' cache.example:11211 ', { host: 'cache.example', port: 11_211 }],
  ])('is read from %j', (text, endpoint) => {
    expect(parseEndpoint(text)).toEqual(endpoint);
  });

  it.each([
    '',
    ' ',
    ':11211',
    'a:0',
    'a:65536',
    'a:mem',
    'a:1:2',
    'a b:1',
    '2001:db8::1',
    'tcp://a:1',
    'user@a:1',
    'a/b:1',
    'a:',
  ])('is not read from %j', (text) => {
    expect(parseEndpoint(text)).toBeUndefined();
  });
});
