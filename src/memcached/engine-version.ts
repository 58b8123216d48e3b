import { type CacheError, NodeRefusedError } from '../base/errors.ts';

/** The first release whose meta commands are the stable ones: 1.6.6 speaks a draft, 1.5 none. */
const META_SINCE = [1, 6, 10] as const;

/** Why a node is not fit for the meta transport; `undefined` where it is. */
export function tooOldForMeta(node: string, version: string): CacheError | undefined {
  if (speaksMeta(version)) return undefined;
  return new NodeRefusedError(
    node,
    `memcached ${version} has no meta commands; it needs the memjs transport`,
  );
}

/** Whether an engine of this `version` speaks the meta protocol as we do. A version that cannot be read does. */
function speaksMeta(version: string): boolean {
  const parts = version.match(/\d+/g)?.map(Number);
  if (parts === undefined) return true;
  for (const [at, needed] of META_SINCE.entries()) {
    const part = parts[at] ?? 0;
    if (part !== needed) return part > needed;
  }
  return true;
}
