import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import type { FunctionDefinition } from '../template/functions.ts';
import { isObject, type Json } from '../template/json.ts';

/** SAM's defaults for functions that it builds with esbuild. */
const DEFAULTS = { bundle: true, platform: 'node', format: 'cjs', target: 'es2020', minify: true } as const;

type Reader = (value: Json) => unknown;

const value: Reader = (given) => given;
const list: Reader = (given) => (typeof given === 'string' ? given.split(',') : given);
/** `['.js=.mjs']` and `{ '.js': '.mjs' }` say the same. */
const pairs: Reader = (given) => {
  if (!Array.isArray(given)) return given;
  return Object.fromEntries(given.map((pair) => String(pair).split(/=(.*)/s).slice(0, 2)));
};

/** Every build property that is understood, with how its value is written in a template. */
const BUILD_PROPERTIES: Readonly<Record<string, readonly [keyof BuildOptions, Reader]>> = {
  Alias: ['alias', pairs],
  Banner: ['banner', pairs],
  Conditions: ['conditions', list],
  Define: ['define', pairs],
  Drop: ['drop', list],
  EntryPoints: ['entryPoints', list],
  External: ['external', list],
  Footer: ['footer', pairs],
  Format: ['format', value],
  Inject: ['inject', list],
  KeepNames: ['keepNames', value],
  LegalComments: ['legalComments', value],
  Loader: ['loader', pairs],
  MainFields: ['mainFields', list],
  Minify: ['minify', value],
  OutExtension: ['outExtension', pairs],
  Packages: ['packages', value],
  ResolveExtensions: ['resolveExtensions', list],
  Sourcemap: ['sourcemap', value],
  SourcesContent: ['sourcesContent', value],
  Splitting: ['splitting', value],
  Target: ['target', list],
  TreeShaking: ['treeShaking', value],
};
/** About how packages are installed, which has happened here already. */
const IGNORED = new Set(['UseNpmCi', 'UseYarn']);

export function esbuildOptions(definition: FunctionDefinition, outputDirectory: string): BuildOptions {
  const options: Record<string, unknown> = {};
  const unknown: string[] = [];
  for (const [name, given] of Object.entries(definition.build ?? {})) {
    const property = BUILD_PROPERTIES[name];
    if (property !== undefined) options[property[0]] = property[1](given);
    else if (!IGNORED.has(name)) unknown.push(name);
  }
  if (unknown.length > 0) {
    throw new Error(`${definition.name}: not an esbuild property here: ${unknown.join(', ')}`);
  }
  if (options.entryPoints === undefined)
    throw new Error(`${definition.name}: its Metadata has no EntryPoints`);
  return {
    ...DEFAULTS,
    ...options,
    absWorkingDir: definition.codeDirectory,
    outdir: outputDirectory,
    logLevel: 'silent',
  };
}

/** Makes a function ready to run and says where its code now lies, which is what Lambda calls the task root. */
export async function buildFunction(
  definition: FunctionDefinition,
  outputDirectory: string,
): Promise<string> {
  if (definition.inlineCode === undefined) await requireCode(definition);
  if (definition.build === undefined && definition.inlineCode === undefined) return definition.codeDirectory;
  await mkdir(outputDirectory, { recursive: true });
  // As on Lambda, where no package.json lies beside what esbuild made: a `.js` file is CommonJS.
  await writeFile(path.join(outputDirectory, 'package.json'), '{"type":"commonjs"}');
  if (definition.inlineCode !== undefined) {
    await writeFile(path.join(outputDirectory, 'index.js'), definition.inlineCode);
    return outputDirectory;
  }
  try {
    await build(esbuildOptions(definition, outputDirectory));
  } catch (error) {
    throw new Error(`cannot build ${definition.name}: ${buildProblems(error)}`, { cause: error });
  }
  return outputDirectory;
}

/** Without it, the process cannot be started in its directory, and Node blames its own program for that. */
async function requireCode({ name, codeDirectory }: FunctionDefinition): Promise<void> {
  const found = await stat(codeDirectory).catch(() => undefined);
  if (!found?.isDirectory()) throw new Error(`${name}: its CodeUri names no directory: ${codeDirectory}`);
}

function buildProblems(error: unknown): string {
  const problems = isObject(error) && Array.isArray(error.errors) ? error.errors : [];
  if (problems.length === 0) return error instanceof Error ? error.message : String(error);
  return problems
    .filter(isObject)
    .map(({ text, location }) => {
      const where = isObject(location) ? `${location.file}:${location.line}:${location.column}: ` : '';
      return `${where}${text}`;
    })
    .join('\n');
}
