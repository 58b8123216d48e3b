import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface RuntimeApiListener {
  /** The runtime has started, or is done with its last event, and asks for the next one. */
  onNext(): void;
  onResponse(requestId: string, payload: string): void;
  onError(requestId: string, payload: string): void;
  onInitError(payload: string): void;
}

export interface Delivery {
  readonly requestId: string;
  readonly deadlineMs: number;
  readonly functionArn: string;
  readonly traceId: string;
  /** The event as JSON text. */
  readonly event: string;
}

const ROUTE =
  /^\/2018-06-01\/runtime\/(?:(init\/error)|invocation\/(next)|invocation\/([^/]+)\/(response|error))$/;

/** The HTTP side of one execution environment: what the runtime calls `AWS_LAMBDA_RUNTIME_API`. */
export class RuntimeApi {
  readonly #listener: RuntimeApiListener;
  readonly #server: Server;
  #asking: ServerResponse | undefined;

  constructor(listener: RuntimeApiListener) {
    this.#listener = listener;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error) => response.destroy(error));
    });
    // The runtime may be frozen for hours in the middle of asking.
    this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = 0;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Answers the runtime that asked last; calling this before `onNext` is our mistake. */
  deliver(delivery: Delivery): void {
    const response = this.#asking;
    if (response === undefined) throw new Error('the runtime has not asked for an event');
    this.#asking = undefined;
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(delivery.event),
      'Lambda-Runtime-Aws-Request-Id': delivery.requestId,
      'Lambda-Runtime-Deadline-Ms': String(delivery.deadlineMs),
      'Lambda-Runtime-Invoked-Function-Arn': delivery.functionArn,
      'Lambda-Runtime-Trace-Id': delivery.traceId,
    });
    response.end(delivery.event);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, initError, next, requestId, kind] = ROUTE.exec(request.url ?? '') ?? [];
    if (next !== undefined) {
      this.#asking = response;
      this.#listener.onNext();
      return;
    }
    const payload = await text(request);
    if (initError === undefined && requestId === undefined) {
      response.writeHead(404).end('{"errorType":"NotFound"}');
      return;
    }
    // The answer goes out first: what the listener does may freeze the process that waits for it.
    response.writeHead(202, { 'Content-Type': 'application/json' }).end('{"status":"OK"}');
    if (requestId === undefined) this.#listener.onInitError(payload);
    else if (kind === 'response') this.#listener.onResponse(requestId, payload);
    else this.#listener.onError(requestId, payload);
  }
}
