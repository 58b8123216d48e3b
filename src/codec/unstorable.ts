/**
 * What JSON makes of an object whose content it cannot see (a Map, a Promise, a Response), of typed arrays and of
 * Buffers. The text is searched first: that takes a third of the time of walking through the value, and finds nothing
 * in most.
 */
const SUSPICIOUS = /\{(?:\}|"0":|"type":"Buffer")/;

/**
 * The first thing in `value` that would not come back from its `json`, as words for an error. Lost is what would be
 * an empty object, and bytes. What JSON merely changes, and everybody knows it does (a Date becomes its string, a field
 * that is `undefined` is left out, `NaN` inside of an object becomes `null`, an instance its fields), is not.
 */
export function lostInJson(value: unknown, json: string): string | undefined {
  return SUSPICIOUS.test(json) ? firstLost(value) : undefined;
}

/** Ends, since `JSON.stringify` found no cycle. */
function firstLost(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (ArrayBuffer.isView(value)) return `${nameOf(value)} inside of another value`;
  // It says itself what it wants to be.
  if ('toJSON' in value && typeof value.toJSON === 'function') return undefined;
  const inside: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  if (inside.length === 0 && !Array.isArray(value) && !isPlain(value)) return nameOf(value);
  for (const part of inside) {
    const lost = firstLost(part);
    if (lost !== undefined) return lost;
  }
  return undefined;
}

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
