import { isObject, type Json, type JsonObject } from './json.ts';

/** What the template around an expression knows. `undefined` anywhere stands for `AWS::NoValue`. */
export interface Scope {
  ref(name: string): Json | undefined;
  attribute(resource: string, attribute: string): Json | undefined;
  condition(name: string): Json;
  /** Evaluated already. */
  mapping(map: string, first: string, second: string): Json | undefined;
}

type Value = Json | undefined;
type Intrinsic = (argument: Json, scope: Scope) => Value;

const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  Ref: (name, scope) => scope.ref(text(name)),
  'Fn::GetAtt': (argument, scope) => {
    const [resource, ...rest] = typeof argument === 'string' ? argument.split('.') : list(argument);
    return scope.attribute(text(resource), rest.map((part) => text(evaluate(part, scope))).join('.'));
  },
  'Fn::Sub': (argument, scope) => {
    const [pattern, variables] = typeof argument === 'string' ? [argument] : list(argument);
    return substitute(text(pattern), isObject(variables) ? variables : {}, scope);
  },
  'Fn::If': (argument, scope) => {
    const [condition, whenTrue, whenFalse] = list(argument);
    return evaluate(scope.condition(text(condition)) ? whenTrue : whenFalse, scope);
  },
  'Fn::Equals': (argument, scope) => {
    const [left, right] = list(argument).map((side) => evaluate(side, scope));
    return isScalar(left) && isScalar(right)
      ? String(left) === String(right)
      : JSON.stringify(left) === JSON.stringify(right);
  },
  'Fn::Not': (argument, scope) => !evaluateCondition(list(argument)[0], scope),
  'Fn::And': (argument, scope) => list(argument).every((part) => evaluateCondition(part, scope)),
  'Fn::Or': (argument, scope) => list(argument).some((part) => evaluateCondition(part, scope)),
  'Fn::Join': (argument, scope) => {
    const [separator, parts] = list(argument);
    return list(evaluate(parts, scope)).map(text).join(text(separator));
  },
  'Fn::Select': (argument, scope) => {
    const [index, choices] = list(argument).map((part) => evaluate(part, scope));
    const chosen = list(choices)[Number(index)];
    if (chosen === undefined) throw new Error(`Fn::Select: there is no item ${index}`);
    return chosen;
  },
  'Fn::Split': (argument, scope) => {
    const [separator, source] = list(argument);
    return text(evaluate(source, scope)).split(text(separator));
  },
  'Fn::FindInMap': (argument, scope) => {
    const [map, first, second, fallback] = list(argument).map((part) => evaluate(part, scope));
    const found = scope.mapping(text(map), text(first), text(second));
    if (found !== undefined) return found;
    if (isObject(fallback) && fallback.DefaultValue !== undefined) return fallback.DefaultValue;
    throw new Error(`Fn::FindInMap: ${text(map)} has no ${text(first)}.${text(second)}`);
  },
  'Fn::Base64': (argument, scope) => Buffer.from(text(evaluate(argument, scope))).toString('base64'),
  'Fn::GetAZs': (_, scope) => ['a', 'b', 'c'].map((zone) => text(scope.ref('AWS::Region')) + zone),
  'Fn::ImportValue': (argument, scope) => evaluate(argument, scope),
  'Fn::Length': (argument, scope) => list(evaluate(argument, scope)).length,
  'Fn::ToJsonString': (argument, scope) => JSON.stringify(evaluate(argument, scope)),
};

/** An object that is a function call: one key, and that key is `Ref` or `Fn::…`. */
export function isIntrinsic(value: Json): boolean {
  return isObject(value) && intrinsicName(value) !== undefined;
}

/** Evaluates every function in `value`; whatever evaluates to `AWS::NoValue` is left out of its surroundings. */
export function evaluate(value: Value, scope: Scope): Value {
  if (Array.isArray(value)) return value.map((item) => evaluate(item, scope)).filter(isPresent);
  if (!isObject(value)) return value;
  const name = intrinsicName(value);
  if (name !== undefined) {
    const intrinsic = INTRINSICS[name];
    if (intrinsic === undefined) throw new Error(`the template uses ${name}, which is not supported here`);
    return intrinsic(value[name]!, scope);
  }
  const entries = Object.entries(value).map(([key, item]) => [key, evaluate(item, scope)] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, Json] => isPresent(entry[1])));
}

/** Inside a condition, `{ Condition: name }` means that condition; elsewhere (in IAM) it is plain data. */
export function evaluateCondition(value: Value, scope: Scope): boolean {
  if (isObject(value) && typeof value.Condition === 'string')
    return scope.condition(value.Condition) === true;
  const result = evaluate(value, scope);
  return result === true || result === 'true';
}

function intrinsicName(value: JsonObject): string | undefined {
  const [name, ...others] = Object.keys(value);
  if (name === undefined || others.length > 0) return undefined;
  return name === 'Ref' || name.startsWith('Fn::') ? name : undefined;
}

function substitute(pattern: string, variables: JsonObject, scope: Scope): string {
  return pattern.replace(/\$\{([^}]+)\}/g, (_, expression: string) => {
    if (expression.startsWith('!')) return `\${${expression.slice(1)}}`;
    const name = expression.trim();
    if (name in variables) return text(evaluate(variables[name], scope));
    const dot = name.indexOf('.');
    return text(dot < 0 ? scope.ref(name) : scope.attribute(name.slice(0, dot), name.slice(dot + 1)));
  });
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined;
}

function isScalar(value: Value): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function list(value: Value): readonly Json[] {
  if (!Array.isArray(value)) throw new Error(`expected a list in the template, got ${JSON.stringify(value)}`);
  return value;
}

function text(value: Value): string {
  if (isScalar(value)) return String(value);
  if (Array.isArray(value)) return value.map(text).join(',');
  throw new Error(`expected text in the template, got ${JSON.stringify(value) ?? 'AWS::NoValue'}`);
}
