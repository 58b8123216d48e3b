import type { BackingServices } from './backing-services.ts';
import { CLUSTER_KINDS, type LocalCluster } from './cluster/local-cluster.ts';
import { nodeName } from './cluster/node.ts';
import type { FunctionHost } from './function-host.ts';
import type { Exchange } from './gateway/gateway.ts';
import { routeKey } from './gateway/route-table.ts';
import type { LogSink } from './runtime/execution-environment.ts';
import type { FunctionDefinition } from './template/functions.ts';
import type { Route } from './template/routes.ts';
import { note, styled } from './terminal.ts';

/** What `npm start` shows once it serves: the nodes, the routes, and what to try. */
export function greeting(url: string, host: FunctionHost, services: BackingServices): string {
  const { cluster, configEndpoint, dynamodbEndpoint } = services;
  const routes = host.functions.flatMap((definition) => definition.routes);
  const width = Math.max(0, ...routes.map((route) => routeKey(route).length));
  return [
    ...section('cache', [
      `${CLUSTER_KINDS[cluster.kind]}, configuration endpoint ${configEndpoint}`,
      ...cluster.nodes.map((node) => `${nodeName(node)}${node.pid === undefined ? '' : `  pid ${node.pid}`}`),
    ]),
    ...section('tables', dynamodbEndpoint === undefined ? [] : [`in memory, ${dynamodbEndpoint}`]),
    ...section('routes', [
      url,
      ...routes.map((route) => `${routeKey(route).padEnd(width)}  ${route.functionName}`),
    ]),
    ...section(
      'skipped',
      host.skipped.map(({ name, obstacle }) => `${name}: ${obstacle}`),
    ),
    '',
    styled('bold', 'Try, from another terminal:'),
    ...[...routes.flatMap((route) => exampleRequest(url, route)), ...exampleKill(cluster)].map(
      (line) => `  ${line}`,
    ),
    '',
  ].join('\n');
}

/** The title stands before the first line; no lines, no section. */
function section(title: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `${styled('bold', (index === 0 ? title : '').padEnd(9))} ${line}`);
}

function exampleRequest(url: string, { method, path }: Route): string[] {
  if (path === '$default' || path.includes('+}')) return [];
  const target = `${url}${path.replace(/\{[^}]+\}/g, '1')}`;
  switch (method) {
    case 'ANY':
    case 'GET':
      if (path.includes('{')) return [`curl -i ${target}   # twice: x-cache is miss, then hit`];
      return [`curl -i '${target}?ids=1,2,3'`];
    case 'PUT':
    case 'POST':
      return [`curl -i -X ${method} ${target} -H 'content-type: application/json' -d '${EXAMPLE_BODY}'`];
    default:
      return [`curl -i -X ${method} ${target}`];
  }
}

function exampleKill({ nodes }: LocalCluster): string[] {
  const [victim] = nodes;
  if (victim?.pid === undefined) return [];
  return [`kill ${victim.pid}   # ends node ${nodeName(victim)}: every route still answers`];
}

const EXAMPLE_BODY = JSON.stringify({ name: 'Enamel mug', priceCents: 1490 });

const CACHE_STYLES = { hit: 'green', stale: 'yellow', miss: 'yellow', bypass: 'red' } as const;

/** One line a request: method, path, status, hit or miss, node, time, and what went wrong. */
export function exchangeLine({ method, target, response, durationMs, invocation }: Exchange): string {
  const cache = String(response.headers['x-cache'] ?? '-');
  const node = String(response.headers['x-cache-node'] ?? '-');
  const status = String(response.status);
  const style = CACHE_STYLES[cache as keyof typeof CACHE_STYLES] ?? 'dim';
  const cold = invocation?.initMs === undefined ? '' : `  cold start ${invocation.initMs.toFixed(0)} ms`;
  return [
    method.padEnd(6),
    target.padEnd(24),
    styled(response.status < 400 ? 'green' : 'red', status),
    styled(style, cache.padEnd(6)),
    node.padEnd(21),
    `${durationMs.toFixed(1).padStart(7)} ms${styled('dim', cold)}`,
    ...(response.problem === undefined ? [] : [styled('red', response.problem)]),
  ].join('  ');
}

/**
 * Lets through what a function writes, but for its metrics; Lambda's own lines would say again what the request's line
 * says.
 */
export function functionLog({ name }: FunctionDefinition): LogSink {
  return {
    platform() {},
    output: (line) => {
      if (!line.startsWith('{"_aws":')) note(`${styled('dim', `${name} |`, process.stderr)} ${line}`);
    },
  };
}
