import type { Clock } from '../base/clock.ts';
import { DeadlineTimer } from '../base/deadline-timer.ts';
import { DiscoveryError, reasonOf } from '../base/errors.ts';
import { type Millis, NEVER } from '../base/units.ts';
import type { Dial } from '../memcached/dial.ts';
import { parseClusterConfig } from './cluster-config.ts';
import type { Topology, TopologySource } from './source.ts';

/** A list of 60 nodes takes 6 kB; more than this is no node list. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** In the order they are asked: engines before 1.4.14 keep the list under a key. */
const COMMANDS = ['config get cluster\r\n', 'get AmazonElastiCache:cluster\r\n'] as const;

/**
 * The node list from an ElastiCache configuration endpoint (any node of the cluster gives it too), over one short
 * connection. `timeoutMillis` bounds the whole exchange.
 *
 * Source: ElastiCache for Memcached, "Adding auto discovery to your client library".
 */
export function configEndpointSource(
  endpoint: string,
  dial: Dial,
  timeoutMillis: Millis,
  clock: Clock,
): TopologySource {
  const name = `configuration endpoint ${endpoint}`;
  const read = async (): Promise<Topology> => {
    const payload = await ask(dial, timeoutMillis, clock).catch((error: unknown) => {
      throw new DiscoveryError(name, reasonOf(error), error);
    });
    if (payload === undefined) {
      throw new DiscoveryError(
        name,
        'it keeps no node list; name plain memcached nodes in `discovery.nodes` instead',
      );
    }
    const config = parseClusterConfig(payload);
    if (config === undefined) {
      throw new DiscoveryError(name, `it answered ${JSON.stringify(payload.slice(0, 80))}`);
    }
    if (config.nodes.length === 0) throw new DiscoveryError(name, 'it lists no nodes');
    return config;
  };
  return { name, changes: true, read };
}

/** The list's payload, or `undefined` where the endpoint knows neither command. */
function ask(dial: Dial, timeoutMillis: Millis, clock: Clock): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    let asked = 0;
    const socket = dial({ connected: askNext, data: take });
    const timer = new DeadlineTimer(clock, () => {
      finish(() => reject(new Error(`no answer within ${timeoutMillis} ms`)));
      return NEVER;
    });
    const now = clock.monotonic();
    timer.cover(now + timeoutMillis, now);

    function finish(settle: () => void): void {
      timer.clear();
      socket.destroy();
      settle();
    }
    function askNext(): void {
      const command = COMMANDS[asked++];
      answer = Buffer.alloc(0);
      if (command === undefined) finish(() => resolve(undefined));
      else socket.write(command);
    }
    function take(bytes: Buffer, length: number): void {
      answer = Buffer.concat([answer, bytes.subarray(0, length)]);
      const reading = readAnswer(answer);
      if (reading.kind === 'refusal') finish(() => reject(new Error(reading.text)));
      else if (reading.kind === 'list') finish(() => resolve(reading.payload));
      else if (reading.kind === 'none') askNext();
      else if (answer.length > MAX_ANSWER_BYTES) finish(() => reject(new Error('the answer has no end')));
    }
    socket.on('error', (error) => finish(() => reject(error)));
    socket.on('close', () => finish(() => reject(new Error('the connection was closed'))));
  });
}

type Reading =
  | { readonly kind: 'refusal'; readonly text: string }
  | { readonly kind: 'list'; readonly payload: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'more' };

/** `CONFIG cluster 0 <bytes>` or `VALUE <key> 0 <bytes>`, the payload, `END`; or an error line, or a bare `END`. */
function readAnswer(answer: Buffer): Reading {
  const lineEnd = answer.indexOf('\n');
  if (lineEnd < 0) return { kind: 'more' };
  const header = answer.toString('latin1', 0, lineEnd).trimEnd();
  const announced = /^(?:CONFIG|VALUE) \S+ \d+ (\d+)/.exec(header)?.[1];
  // `ERROR` to an unknown command, `END` for a key that is not there; all else is a refusal, or no memcached.
  if (announced === undefined) {
    return /^(ERROR|CLIENT_ERROR.*|END)$/.test(header)
      ? { kind: 'none' }
      : { kind: 'refusal', text: `it answered ${JSON.stringify(header.slice(0, 80))}` };
  }
  const start = lineEnd + 1;
  const end = start + Number(announced);
  if (answer.length < end) return { kind: 'more' };
  return { kind: 'list', payload: answer.toString('utf8', start, end) };
}
