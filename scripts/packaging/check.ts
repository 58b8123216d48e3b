import { readFileSync } from 'node:fs';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/**
 * `require` of ES modules is no concern of theirs: the package is ESM only, and Nodes that it runs on import it from
 * CommonJS, too.
 */
const RESOLUTIONS = ['node16-esm', 'bundler'];

/** What publint and Are The Types Wrong find in a tarball, a line each. */
export async function findingsIn(tarball: string): Promise<string[]> {
  return [...(await publintFindings(tarball)), ...(await typeFindings(tarball))];
}

async function publintFindings(tarball: string): Promise<string[]> {
  const bytes = Uint8Array.from(readFileSync(tarball));
  const { messages, pkg } = await publint({ pack: { tarball: bytes.buffer } });
  return messages.map((message) => `publint: ${formatMessage(message, pkg) ?? message.code}`);
}

async function typeFindings(tarball: string): Promise<string[]> {
  const analysis = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
  if (!analysis.types) return ['types: the package has none'];
  return analysis.problems
    .filter((problem) => !('resolutionKind' in problem) || RESOLUTIONS.includes(problem.resolutionKind))
    .map((problem) => `types: ${JSON.stringify(problem)}`);
}
