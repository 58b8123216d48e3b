import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Invocation } from './runtime/invocation.ts';
import { isObject, type Json, type JsonObject } from './template/json.ts';

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body: string;
}

/** What stands behind the endpoints. Each throws an `AwsError` to be answered by it. */
export interface AwsBackend {
  /** `name` as it was asked for, without `arn:…:function:`; `qualifier` is a version or an alias. */
  invoke(name: string, qualifier: string, event: string): Promise<Invocation>;
  environmentOf(name: string, qualifier: string): Readonly<Record<string, string>>;
  putHookStatus(executionId: string, status: string): void;
  getDeployment(id: string): JsonObject;
  getMetricData(request: JsonObject): JsonObject;
}

export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const LAMBDA = /^\/2015-03-31\/functions\/([^/?]+)\/(invocations|configuration)(?:\?(.*))?$/;

/** Lambda, CodeDeploy and CloudWatch as far as a deployment hook uses them. */
export class AwsEndpoints {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(backend: AwsBackend): Promise<AwsEndpoints> {
    const server = createServer((request, response) => {
      serve(backend, request, response).catch((error) => response.destroy(error));
    });
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(0, '127.0.0.1', resolve),
    );
    return new AwsEndpoints(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What leads the AWS SDK of a function here. */
  get environment(): Record<string, string> {
    const services = ['LAMBDA', 'CODEDEPLOY', 'CLOUDWATCH'];
    return Object.fromEntries(services.map((service) => [`AWS_ENDPOINT_URL_${service}`, this.url]));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function serve(backend: AwsBackend, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  const { status = 200, headers = {}, body: answer } = await answerTo(backend, request, body).catch(refusal);
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(answer);
}

async function answerTo(backend: AwsBackend, request: IncomingMessage, body: string): Promise<Answer> {
  const [, encoded, kind, query] = LAMBDA.exec(request.url ?? '') ?? [];
  if (encoded !== undefined) {
    const [name, qualifier] = qualified(decodeURIComponent(encoded), new URLSearchParams(query));
    if (kind === 'configuration') {
      return { body: JSON.stringify({ Environment: { Variables: backend.environmentOf(name, qualifier) } }) };
    }
    const { status, payload } = await backend.invoke(name, qualifier, body);
    const headers = { 'X-Amz-Executed-Version': qualifier };
    return status === 'success'
      ? { headers, body: payload }
      : { headers: { ...headers, 'X-Amz-Function-Error': 'Unhandled' }, body: payload };
  }
  const operation = String(request.headers['x-amz-target'] ?? '').split('.')[1];
  const input = parsed(body);
  switch (operation) {
    case 'PutLifecycleEventHookExecutionStatus': {
      const executionId = String(input.lifecycleEventHookExecutionId);
      backend.putHookStatus(executionId, String(input.status));
      return { body: JSON.stringify({ lifecycleEventHookExecutionId: executionId }) };
    }
    case 'GetDeployment':
      return { body: JSON.stringify(backend.getDeployment(String(input.deploymentId))) };
    case 'GetMetricData':
      return { body: JSON.stringify(backend.getMetricData(input)) };
    default:
      throw new AwsError('UnknownOperationException', `there is no ${operation ?? request.url} here`);
  }
}

/** `arn:…:function:NAME:QUALIFIER`, `NAME:QUALIFIER`, or the qualifier in the query. */
function qualified(given: string, query: URLSearchParams): readonly [string, string] {
  const [name, inName] = given.replace(/^arn:.*:function:/, '').split(':');
  return [name!, inName ?? query.get('Qualifier') ?? '$LATEST'];
}

function parsed(body: string): JsonObject {
  const input: Json = body === '' ? {} : JSON.parse(body);
  return isObject(input) ? input : {};
}

function refusal(error: unknown): Answer {
  const code = error instanceof AwsError ? error.code : 'InternalFailure';
  const message = error instanceof Error ? error.message : String(error);
  return {
    status: error instanceof AwsError ? 400 : 500,
    headers: { 'X-Amzn-ErrorType': code },
    body: JSON.stringify({ __type: code, message, Message: message }),
  };
}
