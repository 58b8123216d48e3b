import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A version of a function, as Lambda runs it: what it throws becomes a function error. */
export type FakeFunction = (event: Record<string, unknown>) => unknown;

/** One request as AWS would have got it; `operation` is `Invoke`, `GetMetricData` and so on. */
export interface AwsRequest {
  readonly operation: string;
  /** The function's name with its qualifier, of Lambda's. */
  readonly functionName?: string;
  readonly body: Record<string, unknown>;
}

type Reply = { readonly status?: number; readonly headers?: Record<string, string>; readonly body: unknown };

/** Lambda, CodeDeploy and CloudWatch as far as the hooks use them: every request is written down. */
export class FakeAws {
  readonly requests: AwsRequest[] = [];
  /** By name and qualifier. */
  readonly functions = new Map<string, FakeFunction>();
  readonly variables = new Map<string, Record<string, string>>();
  /** What an operation answers instead. `undefined` in the place of an answer: it never does. */
  readonly answers = new Map<string, ((request: AwsRequest) => Reply) | undefined>();
  readonly #throttled = new Map<string, number>();
  readonly #intercepts = new Map<string, (request: AwsRequest) => Reply | undefined>();
  readonly #server: http.Server;

  private constructor(server: http.Server) {
    this.#server = server;
  }

  static async start(): Promise<FakeAws> {
    const server = http.createServer();
    const aws = new FakeAws(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', async () => {
        const reply = await aws.#answer(request, Buffer.concat(chunks).toString());
        if (reply === undefined) return;
        const { status = 200, headers = {}, body } = reply;
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return aws;
  }

  /** Options for any client of the SDK. */
  get clientOptions() {
    return {
      endpoint: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    };
  }

  of(operation: string): AwsRequest[] {
    return this.requests.filter((request) => request.operation === operation);
  }

  /** From now on `operation` is denied. */
  deny(operation: string): void {
    this.answers.set(operation, () => ({
      status: 403,
      headers: { 'x-amzn-errortype': 'AccessDeniedException' },
      body: { __type: 'AccessDeniedException', message: `not authorized to perform ${operation}` },
    }));
  }

  /** The next `times` requests of `operation` are throttled, as `TooManyRequestsException` or `ThrottlingException`. */
  throttle(operation: string, times = Number.POSITIVE_INFINITY): void {
    this.#throttled.set(operation, times);
  }

  /** Forgets what was asked and all that was told to go wrong. */
  reset(): void {
    this.requests.length = 0;
    for (const kept of [this.functions, this.variables, this.answers, this.#throttled, this.#intercepts]) {
      kept.clear();
    }
  }

  /** What `answer` gives stands in the place of the operation; where it gives nothing, all is as before. */
  intercept(operation: string, answer: (request: AwsRequest) => Reply | undefined): void {
    this.#intercepts.set(operation, answer);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: http.IncomingMessage, text: string): Promise<Reply | undefined> {
    const ofLambda = /^\/2015-03-31\/functions\/([^/]+)\/(invocations|configuration)/.exec(request.url!);
    const target = String(request.headers['x-amz-target'] ?? '').split('.')[1] ?? '';
    const operation =
      ofLambda === null ? target : ofLambda[2] === 'invocations' ? 'Invoke' : 'GetFunctionConfiguration';
    const functionName = ofLambda === null ? undefined : decodeURIComponent(ofLambda[1]!);
    const asked: AwsRequest = {
      operation,
      ...(functionName !== undefined && { functionName }),
      body: text === '' ? {} : JSON.parse(text),
    };
    this.requests.push(asked);
    const throttled = this.#throttled.get(operation) ?? 0;
    if (throttled > 0) {
      this.#throttled.set(operation, throttled - 1);
      return tooMany(ofLambda === null ? 'ThrottlingException' : 'TooManyRequestsException');
    }
    const intercepted = this.#intercepts.get(operation)?.(asked);
    if (intercepted !== undefined) return intercepted;
    if (this.answers.has(operation)) return this.answers.get(operation)?.(asked);
    if (operation === 'Invoke') return this.#invoke(functionName!, asked.body);
    if (operation === 'GetFunctionConfiguration') {
      return { body: { Environment: { Variables: this.variables.get(functionName!) ?? {} } } };
    }
    return { body: {} };
  }

  async #invoke(functionName: string, event: Record<string, unknown>): Promise<Reply> {
    const invoked = this.functions.get(functionName);
    if (invoked === undefined) {
      return {
        status: 404,
        headers: { 'x-amzn-errortype': 'ResourceNotFoundException' },
        body: { Message: `Function not found: ${functionName}` },
      };
    }
    try {
      return { body: (await invoked(event)) ?? null };
    } catch (error) {
      const { name: errorType, message: errorMessage } = error as Error;
      return { headers: { 'x-amz-function-error': 'Unhandled' }, body: { errorType, errorMessage } };
    }
  }
}

const tooMany = (code: string): Reply => ({
  status: code === 'ThrottlingException' ? 400 : 429,
  headers: { 'x-amzn-errortype': code },
  body: { __type: code, message: 'Rate exceeded', Message: 'Rate exceeded' },
});
