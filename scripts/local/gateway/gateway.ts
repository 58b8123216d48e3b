import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Invocation } from '../runtime/invocation.ts';
import { newTraceRoot } from '../runtime/trace-id.ts';
import type { Route } from '../template/routes.ts';
import { eventV1 } from './event-v1.ts';
import { eventV2 } from './event-v2.ts';
import type { HttpRequest } from './http-request.ts';
import { GATEWAY_ANSWERS, type HttpResponse, proxyResponse } from './proxy-response.ts';
import { type RouteMatch, RouteTable } from './route-table.ts';

export interface GatewayOptions {
  readonly routes: readonly Route[];
  invoke(functionName: string, event: string): Promise<Invocation>;
  onExchange?(exchange: Exchange): void;
}

/** One request and what came of it. */
export interface Exchange {
  readonly method: string;
  /** With its query. */
  readonly target: string;
  readonly response: HttpResponse;
  readonly durationMs: number;
  /** `undefined` where no route matched. */
  readonly invocation: Invocation | undefined;
}

/** Serves a template's routes as API Gateway does. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #table: RouteTable;
  readonly #server: Server;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#table = new RouteTable(options.routes);
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error) => response.destroy(error));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Rejects with `EADDRINUSE` when the port is taken; 0 picks a free one. */
  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const startedAt = performance.now();
    const request = await readRequest(incoming);
    const match = this.#table.match(request.method, request.path);
    const requestId = randomUUID();
    let invocation: Invocation | undefined;
    let response: HttpResponse = this.#notFound();
    if (match !== undefined) {
      const { api, functionName } = match.route;
      try {
        invocation = await this.#options.invoke(functionName, eventFor(request, match, requestId));
        response =
          invocation.status === 'success'
            ? proxyResponse(invocation.payload, match.route)
            : GATEWAY_ANSWERS[api].functionFailed;
      } catch (error) {
        // Not the function's failure but ours; a client is owed an answer all the same.
        response = { ...GATEWAY_ANSWERS[api].functionFailed, problem: (error as Error).message };
      }
    }
    const idHeader = match?.route.api === 'rest' ? 'x-amzn-requestid' : 'apigw-requestid';
    outgoing.statusCode = response.status;
    outgoing.setHeaders(new Map(Object.entries({ ...response.headers, [idHeader]: requestId })));
    outgoing.end(response.body);
    this.#options.onExchange?.({
      method: request.method,
      target: incoming.url ?? '/',
      response,
      durationMs: performance.now() - startedAt,
      invocation,
    });
  }

  #notFound(): HttpResponse {
    const onlyRest =
      this.#options.routes.length > 0 && this.#options.routes.every(({ api }) => api === 'rest');
    return GATEWAY_ANSWERS[onlyRest ? 'rest' : 'http'].notFound;
  }
}

async function readRequest(incoming: IncomingMessage): Promise<HttpRequest> {
  const target = incoming.url ?? '/';
  const mark = target.indexOf('?');
  return {
    method: incoming.method ?? 'GET',
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    rawHeaders: incoming.rawHeaders,
    body: await buffer(incoming),
    sourceIp: incoming.socket.remoteAddress ?? '127.0.0.1',
    port: incoming.socket.localPort ?? 0,
    httpVersion: incoming.httpVersion,
    traceId: newTraceRoot(),
  };
}

function eventFor(request: HttpRequest, match: RouteMatch, requestId: string): string {
  const stamp = { requestId, time: new Date() };
  return JSON.stringify(
    match.route.payload === '2.0' ? eventV2(request, match, stamp) : eventV1(request, match, stamp),
  );
}
