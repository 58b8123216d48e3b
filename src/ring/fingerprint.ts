import type { Continuum } from './continuum.ts';
import { DIGEST_WORDS, type Hash } from './hash/hashes.ts';
import { md5 } from './hash/md5.ts';

/**
 * 16 hex digits, equal for two rings if and only if every key has the same owner, by name, in both.
 *
 * So the text that is hashed has one spelling for one placement: a point is left out when it shares its place with
 * the owner's, or when the next point has the same node. How keys are hashed matters once there is a choice.
 */
export function fingerprintOf(continuum: Continuum, names: readonly string[], keyHash: Hash): string {
  const boundaries = boundariesOf(continuum, names);
  const text =
    boundaries.length === 0 ? names[continuum.owners[0]!]! : [keyHash.name, ...boundaries].join('\n');
  const digest = new Uint32Array(DIGEST_WORDS);
  md5(text, digest);
  return hex(digest[0]!) + hex(digest[1]!);
}

/** Where one node's keys end and another's begin, going round once. */
function boundariesOf({ points, owners }: Continuum, names: readonly string[]): string[] {
  const kept: number[] = [];
  const count = points.length - 1;
  for (let i = 0; i < count; i++) if (i === 0 || points[i] !== points[i - 1]) kept.push(i);
  const boundaries: string[] = [];
  for (const [k, i] of kept.entries()) {
    const next = kept[(k + 1) % kept.length]!;
    if (owners[next] !== owners[i]) boundaries.push(`${points[i]} ${names[owners[i]!]}`);
  }
  return boundaries;
}

const hex = (word: number): string => word.toString(16).padStart(8, '0');
