import { loadMemjs } from '../../src/memcached/memjs-module.ts';
import { MemjsTransport } from '../../src/memcached/memjs-transport.ts';
import { describeNodeTransport } from './transport.contract.ts';

const memjs = await loadMemjs();

describeNodeTransport(
  'memjs',
  ({ host, port, timeouts, clock, listener }) =>
    new MemjsTransport(memjs, host, port, timeouts, clock, listener),
);
