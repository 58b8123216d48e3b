import { isIntrinsic } from './intrinsics.ts';
import { isObject, type Json, type JsonObject } from './json.ts';

/**
 * Lays a resource's properties over the `Globals` of its kind as SAM does: maps are merged key by key, lists
 * are joined with the global part first, anything else is replaced. A function call is never looked into.
 */
export function mergeGlobals(globals: JsonObject, properties: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...globals };
  for (const [key, own] of Object.entries(properties)) {
    const inherited = globals[key];
    merged[key] = inherited === undefined ? own : mergeValue(inherited, own);
  }
  return merged;
}

function mergeValue(inherited: Json, own: Json): Json {
  if (isIntrinsic(inherited) || isIntrinsic(own)) return own;
  if (Array.isArray(inherited) && Array.isArray(own)) return [...inherited, ...own];
  if (isObject(inherited) && isObject(own)) return mergeGlobals(inherited, own);
  return own;
}
