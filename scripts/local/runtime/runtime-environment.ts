import { randomUUID } from 'node:crypto';
import type { FunctionDefinition } from '../template/functions.ts';
import { REGION } from '../template/template.ts';

/**
 * The environment variables that Lambda sets, then the function's own. Nothing of ours gets through but PATH:
 * a function must not work here only because of the developer's shell, nor ever reach a real account.
 */
export function runtimeEnvironment(
  definition: FunctionDefinition,
  taskRoot: string,
  runtimeApi: string,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const { functionName, logging } = definition;
  const today = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
  return {
    PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    LAMBDA_TASK_ROOT: taskRoot,
    _HANDLER: definition.handler,
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMegabytes),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: String(logging.LogGroup ?? `/aws/lambda/${functionName}`),
    AWS_LAMBDA_LOG_STREAM_NAME: `${today}/[$LATEST]${randomUUID().replaceAll('-', '')}`,
    AWS_LAMBDA_LOG_FORMAT: String(logging.LogFormat ?? 'Text'),
    ...(logging.ApplicationLogLevel ? { AWS_LAMBDA_LOG_LEVEL: String(logging.ApplicationLogLevel) } : {}),
    AWS_EXECUTION_ENV: `AWS_Lambda_${definition.runtime}`,
    AWS_SAM_LOCAL: 'true',
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SESSION_TOKEN: 'local',
    ...own,
  };
}
