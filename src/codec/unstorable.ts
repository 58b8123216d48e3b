/**
 * What JSON makes of an object whose content it cannot see (a Map, a Promise, a Response), of typed arrays and of
 * Buffers. The text is searched first: that takes a third of the time of walking through the value, and finds nothing
 * in most.
 */
const SUSPICIOUS = /\{(?:\}|"0":|"type":"Buffer")/;

/**
 * The first thing in `value` that would not come back from its `json`, as words for an error: what it is, and where
 * (`a Promise (await it first) at items[0].price`). Lost is what would be an empty object, and bytes. What JSON merely
 * changes, and everybody knows it does (a Date becomes its string, a field that is `undefined` is left out, `NaN` inside
 * of an object becomes `null`, an instance its fields), is not.
 */
export function lostInJson(value: unknown, json: string): string | undefined {
  return SUSPICIOUS.test(json) ? described(firstLost(value)) : undefined;
}

/** Where `value` holds a BigInt, for which JSON has an error of its own that says no place. */
export function bigIntIn(value: unknown): string | undefined {
  return described(firstBigInt(value, new Set()));
}

/** A thing that cannot be stored, and the way to it, its last step first. */
interface Found {
  readonly what: string;
  readonly steps: string[];
}

/** Ends, since `JSON.stringify` found no cycle. */
function firstLost(value: unknown): Found | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (ArrayBuffer.isView(value)) return bytesInside(value);
  if (saysItself(value)) return undefined;
  if (!Array.isArray(value) && !isPlain(value) && isEmpty(value)) return found(nameOf(value));
  return firstInside(value, firstLost);
}

/** `seen`: JSON meets a BigInt before it has looked for cycles everywhere. */
function firstBigInt(value: unknown, seen: Set<object>): Found | undefined {
  if (typeof value === 'bigint') return found('a BigInt');
  if (typeof value !== 'object' || value === null || seen.has(value) || saysItself(value)) return undefined;
  if (ArrayBuffer.isView(value)) return bytesInside(value);
  seen.add(value);
  return firstInside(value, (part) => firstBigInt(part, seen));
}

/** Names are asked for only on the way back: most values hold nothing that is lost, and to list names takes as long again. */
function firstInside(value: object, search: (part: unknown) => Found | undefined): Found | undefined {
  const isList = Array.isArray(value);
  const parts: readonly unknown[] = isList ? value : Object.values(value);
  for (let i = 0; i < parts.length; i++) {
    const inside = search(parts[i]);
    if (inside === undefined) continue;
    inside.steps.push(isList ? `[${i}]` : stepTo(Object.keys(value)[i]!));
    return inside;
  }
  return undefined;
}

const found = (what: string): Found => ({ what, steps: [] });

const bytesInside = (bytes: ArrayBufferView): Found => found(`${nameOf(bytes)} inside of another value`);

function described(lost: Found | undefined): string | undefined {
  if (lost === undefined) return undefined;
  const { what, steps } = lost;
  const path = steps.reverse().join('').replace(/^\./, '');
  return path === '' ? what : `${what} at ${path}`;
}

const stepTo = (name: string): string =>
  /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;

const isEmpty = (value: object): boolean => Object.keys(value).length === 0;

/** It has a `toJSON`, and says itself what it wants to be. */
const saysItself = (value: object): boolean => 'toJSON' in value && typeof value.toJSON === 'function';

/** `Object.prototype` is told by having none itself: each realm, and so each test of Jest, has its own. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(value: object): string {
  if (value instanceof Promise) return 'a Promise (await it first)';
  const name = value.constructor?.name;
  return name ? `an object of class ${name}` : 'an object without fields of its own';
}
