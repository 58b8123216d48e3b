import { AutoTransport } from '../../src/memcached/auto-transport.ts';
import { tcpDial } from '../../src/memcached/dial.ts';
import { MetaTransport } from '../../src/memcached/meta-transport.ts';
import { describeNodeTransport } from './transport.contract.ts';

describeNodeTransport(
  'meta',
  ({ host, port, timeouts, clock, listener }) =>
    new MetaTransport(`${host}:${port}`, tcpDial(host, port), timeouts, clock, listener),
);

describeNodeTransport(
  'auto',
  ({ host, port, timeouts, clock, listener }) =>
    new AutoTransport(`${host}:${port}`, tcpDial(host, port), timeouts, clock, listener, () =>
      Promise.reject(new Error('this engine speaks meta')),
    ),
);
