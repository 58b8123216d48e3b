import { readFile } from 'node:fs/promises';
import type { FunctionDefinition } from './template/functions.ts';
import { isObject, type Json } from './template/json.ts';

/** What an `--env-vars` file sets for one function. */
export type EnvironmentOverrides = (definition: FunctionDefinition) => Record<string, string>;

/**
 * Reads SAM's `--env-vars` format: `Parameters` holds variables for all functions, any other key is a function's
 * logical id or name. No file, no overrides. Unlike SAM, a variable that the template does not declare is set too, not dropped in silence.
 */
export async function readEnvironmentOverrides(file: string | undefined): Promise<EnvironmentOverrides> {
  if (file === undefined) return () => ({});
  const source = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read the environment variables in ${file}: ${error.code ?? error.message}`);
  });
  return parseEnvironmentOverrides(source, file);
}

export function parseEnvironmentOverrides(source: string, file: string): EnvironmentOverrides {
  let overrides: Json;
  try {
    overrides = JSON.parse(source);
  } catch (error) {
    throw new Error(`${file} is not JSON: ${(error as Error).message}`);
  }
  if (!isObject(overrides)) throw new Error(`${file} holds no object`);
  const section = (name: string): Record<string, string> => {
    const variables = overrides[name];
    if (!isObject(variables)) return {};
    return Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, String(value ?? '')]));
  };
  return ({ name, functionName }) => ({
    ...section('Parameters'),
    ...section(functionName),
    ...section(name),
  });
}
