// How an option's text is read, and what its value must be, said so that a wrong one can be mended.

import { RESERVED_PREFIX } from '../memcached/storage-key.ts';
import type { Placement } from '../smear/index.ts';
import { parseEndpoint } from './endpoint.ts';

/** What is wrong with a value; `undefined` where nothing is. */
export type Rule = (value: unknown) => string | undefined;

export const asIs = (text: string): unknown => text;
export const asNumber = (text: string): unknown => (/^\s*-?[\d.]+\s*$/.test(text) ? Number(text) : text);
export const asList = (text: string): unknown =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
export const asBoolean = (text: string): unknown => {
  const word = text.trim().toLowerCase();
  if (word === 'true' || word === '1') return true;
  return word === 'false' || word === '0' ? false : text;
};

export const must =
  (holds: (value: unknown) => boolean, what: string) =>
  (value: unknown): string | undefined =>
    holds(value) ? undefined : `must be ${what}, got ${shown(value)}`;

export const oneOf = (allowed: readonly string[]) =>
  must((value) => allowed.includes(value as string), `one of ${allowed.join(', ')}`);

const millisUpTo = (most: number): Rule =>
  must(
    (value) => Number.isFinite(value) && (value as number) >= 1 && (value as number) <= most,
    `a number of milliseconds from 1 to ${most}`,
  );

export const millis = millisUpTo(60_000);

/** A Lambda invocation takes 15 minutes at the most. */
export const loadMillis = millisUpTo(900_000);

export const keyPart = must(
  isKeyPart,
  `1 to 64 visible ASCII characters without ":" and not starting with "${RESERVED_PREFIX}"`,
);

/** A namespace of checks is for releases alone: whoever may invoke a function can have it read and written. */
export const CHECK_NAMESPACE = 'check-';

/** What an event may name: something behind `check-`. */
export const isCheckNamespace = (value: unknown): value is string =>
  isKeyPart(value) && (value as string).startsWith(CHECK_NAMESPACE) && value !== CHECK_NAMESPACE;

/**
 * How it stands before the keys of a check. No schema, namespace or key of a caller's can begin like this, so that a
 * schema of `check-in` without a namespace is no check's namespace.
 */
export const storedCheckNamespace = (name: string): string => `${RESERVED_PREFIX}${name}`;

export const namespace: Rule = (value) =>
  typeof value === 'string' && value.startsWith(CHECK_NAMESPACE)
    ? `must not start with "${CHECK_NAMESPACE}", which is kept for checks of releases, got ${shown(value)}`
    : keyPart(value);

export const endpoint = must(
  (value) => typeof value === 'string' && parseEndpoint(value) !== undefined,
  'a "host:port"',
);

export const boolean = must((value) => typeof value === 'boolean', 'true or false');

export const name = must((value) => typeof value === 'string' && value !== '', 'a name');

/** For credentials: a message goes to the log and must not show what was given. */
export const secret = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? undefined : 'must be a non-empty string';

const isWhole = (value: unknown, most: number): boolean =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;

export const wholeUpTo = (most: number, what: string): Rule =>
  must((value) => isWhole(value, most), `a whole number ${what} from 1 to ${most}`);

export const isFunction = (value: unknown): boolean => typeof value === 'function';

export const PLACEMENTS: readonly Placement[] = ['successors', 'suffix'];

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function isKeyPart(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    /^[\x21-\x39\x3b-\x7e]{1,64}$/.test(value) &&
    !value.startsWith(RESERVED_PREFIX)
  );
}

/** What an object says of its node is for the ring to check. */
export function isNode(value: unknown): boolean {
  if (typeof value === 'string') return parseEndpoint(value) !== undefined;
  return isRecord(value) && hasOnly(value, ['host', 'port', 'weight', 'ip']);
}

export function isSmearKey(value: unknown): boolean {
  if (typeof value === 'string') return value !== '';
  if (!isRecord(value) || !hasOnly(value, ['key', 'prefix', 'copies'])) return false;
  const { key, prefix, copies = 1 } = value;
  const name = key ?? prefix;
  return (
    typeof name === 'string' &&
    name !== '' &&
    (key === undefined || prefix === undefined) &&
    isWhole(copies, 1000)
  );
}

/** Bounds of each field: beyond them nothing or everything would be hot, or next to nothing would be counted. */
const AUTO_BOUNDS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  tolerance: [0.001, 1],
  leastReadsPerSecond: [1, 1e9],
  oneIn: [1, 100_000],
};

export const auto = must(
  isAuto,
  `true, false or an object with some of ${Object.entries(AUTO_BOUNDS)
    .map(([name, [least, most]]) => `${name} (${least} to ${most})`)
    .join(', ')}`,
);

function isAuto(value: unknown): boolean {
  if (typeof value === 'boolean') return true;
  if (!isRecord(value) || !hasOnly(value, Object.keys(AUTO_BOUNDS))) return false;
  return Object.entries(AUTO_BOUNDS).every(([name, [least, most]]) => {
    const given = value[name];
    return given === undefined || (typeof given === 'number' && given >= least && given <= most);
  });
}

/** A misspelt field would else be ignored without a word. */
function hasOnly(record: Record<string, unknown>, names: readonly string[]): boolean {
  return Object.keys(record).every((name) => names.includes(name));
}

/** Told by its shape: nothing of Powertools is imported. */
export const withMethods = (...names: string[]): Rule =>
  must(
    (value) => isRecord(value) && names.every((name) => isFunction(value[name])),
    `an object with ${names.join(', ')}`,
  );

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  try {
    const json = JSON.stringify(value) ?? String(value);
    return json.length > 80 ? `${json.slice(0, 77)}...` : json;
  } catch {
    return `a ${typeof value}`;
  }
}
