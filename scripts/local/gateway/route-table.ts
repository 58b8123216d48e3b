import type { Route } from '../template/routes.ts';

export interface RouteMatch {
  readonly route: Route;
  /** As they stand in the path, still percent-encoded. */
  readonly parameters: Readonly<Record<string, string>>;
}

type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'greedy'; readonly name: string };

interface Entry {
  readonly route: Route;
  readonly segments: readonly Segment[];
}

/** Chooses as API Gateway does: a literal segment before a parameter before a greedy one, then a method before ANY. */
export class RouteTable {
  readonly #entries: readonly Entry[];
  readonly #fallback: Route | undefined;

  constructor(routes: readonly Route[]) {
    const claimed = new Map<string, Route>();
    for (const route of routes) {
      const key = routeKey(route);
      const other = claimed.get(key);
      if (other !== undefined) {
        throw new Error(`${key} is a route of both ${other.functionName} and ${route.functionName}`);
      }
      claimed.set(key, route);
    }
    this.#fallback = routes.find(({ path }) => path === '$default');
    this.#entries = routes
      .filter(({ path }) => path !== '$default')
      .map((route) => ({ route, segments: parsePath(route.path) }))
      .sort(byPrecedence);
  }

  /** `path` is the request's, without its query. */
  match(method: string, path: string): RouteMatch | undefined {
    const parts = path.split('/').slice(1);
    for (const { route, segments } of this.#entries) {
      if (route.method !== 'ANY' && route.method !== method) continue;
      const parameters = matchSegments(segments, parts);
      if (parameters !== undefined) return { route, parameters };
    }
    return this.#fallback && { route: this.#fallback, parameters: {} };
  }
}

/** `GET /items/{id}`, or `$default`. */
export function routeKey({ method, path }: Pick<Route, 'method' | 'path'>): string {
  return path === '$default' ? path : `${method} ${path}`;
}

function parsePath(path: string): Segment[] {
  return path
    .split('/')
    .slice(1)
    .map((text): Segment => {
      const [, name, plus] = /^\{([^}+]+)(\+?)\}$/.exec(text) ?? [];
      if (name === undefined) return { kind: 'literal', text };
      return plus === '+' ? { kind: 'greedy', name } : { kind: 'parameter', name };
    });
}

function matchSegments(
  segments: readonly Segment[],
  parts: readonly string[],
): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const part = parts[index];
    if (part === undefined) return undefined;
    switch (segment.kind) {
      case 'literal':
        if (part !== segment.text) return undefined;
        break;
      case 'parameter':
        if (part === '') return undefined;
        parameters[segment.name] = part;
        break;
      case 'greedy':
        parameters[segment.name] = parts.slice(index).join('/');
        return parameters[segment.name] === '' ? undefined : parameters;
      default:
        return segment satisfies never;
    }
  }
  return segments.length === parts.length ? parameters : undefined;
}

const RANK = { literal: 0, parameter: 1, greedy: 2 } as const;

function byPrecedence(left: Entry, right: Entry): number {
  for (const [index, segment] of left.segments.entries()) {
    const other = right.segments[index];
    if (other === undefined) break;
    const difference = RANK[segment.kind] - RANK[other.kind];
    if (difference !== 0) return difference;
  }
  return Number(left.route.method === 'ANY') - Number(right.route.method === 'ANY');
}
