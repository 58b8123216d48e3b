import { readFile } from 'node:fs/promises';
import type { FunctionDefinition } from './template/functions.ts';
import { isObject, type Json, type JsonObject } from './template/json.ts';

/** What an `--env-vars` file sets. */
export interface EnvironmentOverrides {
  variablesFor(definition: Pick<FunctionDefinition, 'name' | 'functionName'>): Record<string, string>;
  /** A line for each section that has no effect, given the names of all functions. */
  warnings(functions: Iterable<string>): string[];
}

/** The section for all functions. */
const SHARED = 'Parameters';

const NO_OVERRIDES: EnvironmentOverrides = { variablesFor: () => ({}), warnings: () => [] };

/**
 * Reads SAM's `--env-vars` format: `Parameters` holds variables for all functions, any other key is a function's
 * logical id or name. No file, no overrides. Unlike SAM, a variable that the template does not declare is set too, not dropped in silence.
 */
export async function readEnvironmentOverrides(file: string | undefined): Promise<EnvironmentOverrides> {
  if (file === undefined) return NO_OVERRIDES;
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
  const sections = new Map(
    Object.entries(overrides).map(([name, section]) => [
      name,
      isObject(section) ? variablesOf(section, `${file}: ${name}`) : undefined,
    ]),
  );
  return {
    variablesFor: ({ name, functionName }) => ({
      ...sections.get(SHARED),
      ...sections.get(functionName),
      ...sections.get(name),
    }),
    warnings(functions) {
      const known = new Set([SHARED, ...functions]);
      return [...sections].flatMap(([name, variables]) => {
        if (variables === undefined) return [`${file}: ${name} is ignored, it holds no variables`];
        return known.has(name) ? [] : [`${file}: ${name} is ignored, the template has no such function`];
      });
    },
  };
}

function variablesOf(section: JsonObject, where: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(section).map(([name, value]) => {
      if (typeof value === 'object' && value !== null) {
        throw new Error(`${where}.${name} is not text: ${JSON.stringify(value)}`);
      }
      return [name, String(value ?? '')];
    }),
  );
}
