import { isObject, type Json, type JsonObject } from './json.ts';

/**
 * The value of every parameter: the override, else the default. One that has neither stands for its own
 * name, so that a VPC id which only a deployment needs does not stop a local run.
 */
export function resolveParameters(
  declared: JsonObject,
  overrides: Readonly<Record<string, string>>,
): ReadonlyMap<string, Json> {
  const problems = Object.keys(overrides)
    .filter((name) => !(name in declared))
    .map((name) => `${name} is not a parameter; there are: ${Object.keys(declared).join(', ') || 'none'}`);
  const values = new Map<string, Json>();
  for (const [name, declaration] of Object.entries(declared)) {
    if (!isObject(declaration)) continue;
    const value = overrides[name] ?? declaration.Default;
    const allowed = declaration.AllowedValues;
    if (
      value !== undefined &&
      Array.isArray(allowed) &&
      !allowed.some((one) => String(one) === String(value))
    ) {
      problems.push(`${name} must be one of ${allowed.join(', ')}, got ${String(value)}`);
    }
    values.set(name, isListType(declaration.Type) ? splitList(value ?? name) : (value ?? name));
  }
  if (problems.length > 0) throw new Error(`wrong parameters: ${problems.join('; ')}`);
  return values;
}

/**
 * Reads `--parameter-overrides` in both of SAM's forms: `Name=value` and
 * `ParameterKey=Name,ParameterValue=value`, separated by commas or spaces.
 */
export function parseParameterOverrides(arguments_: readonly string[]): Record<string, string> {
  const overrides: Record<string, string> = {};
  for (const argument of arguments_) {
    const longForm = [
      ...argument.matchAll(
        /ParameterKey=([^,\s]+),ParameterValue=("[^"]*"|[^\s]*?)(?=[,\s]+ParameterKey=|\s|$)/g,
      ),
    ];
    const pairs: [string, string][] =
      longForm.length > 0 ? longForm.map(([, name, value]) => [name!, value!]) : shortForm(argument);
    for (const [name, value] of pairs) overrides[name] = value.replace(/^"(.*)"$/s, '$1');
  }
  return overrides;
}

/** A comma followed by no `Name=` belongs to the value before it: `Subnets=a,b,Stage=prod`. */
function shortForm(argument: string): [string, string][] {
  return argument
    .split(/[,\s]+(?=\w+=)/)
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      if (equals < 1) throw new Error(`a parameter override is Name=value, got ${pair}`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    });
}

function isListType(type: Json | undefined): boolean {
  return typeof type === 'string' && (type === 'CommaDelimitedList' || /(^|<)List</.test(type));
}

function splitList(value: Json): Json {
  return String(value)
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
