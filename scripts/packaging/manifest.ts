import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** What is read of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly files: readonly string[];
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** The files that the manifest names, from the package's root. */
export function namedFiles({ exports, bin }: Manifest): string[] {
  const entries = Object.values(exports);
  return [
    ...entries.flatMap((entry) => (typeof entry === 'string' ? [entry] : Object.values(entry))),
    ...Object.values(bin ?? {}),
  ];
}

/** Why the package in `folder` must not leave the house, one sentence each; none where it may. */
export function problemsOf(manifest: Manifest, folder: string): string[] {
  const missing = namedFiles(manifest).filter((file) => !existsSync(join(folder, file)));
  const bundledNode = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).filter(
    (name) => /^node(-bin)?-(linux|darwin|win)/.test(name),
  );
  return [
    ...missing.map((file) => `package.json names ${file}, which the build did not make`),
    ...bundledNode.map((name) => `${name} is for development and must not be published`),
  ];
}
