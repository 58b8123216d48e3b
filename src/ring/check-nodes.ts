import { DIALECT_RULES, DIALECTS, type DialectRules, type RingDialect } from './dialects.ts';
import { isIpLiteral, nodeName, type RingNode } from './node.ts';

/** What twemproxy can hold; libmemcached counts to twice as much. */
const MAX_WEIGHT = 2 ** 31 - 1;
/** The C clients add weights up in 32 bits, and a larger sum would wrap around there. */
const MAX_TOTAL_WEIGHT = 2 ** 32 - 1;
/** A continuum numbers its nodes in 16 bits. */
const MAX_NODES = 2 ** 16;

/** Throws one TypeError that lists everything wrong with what `buildRing` was given. */
export function checkRingInput(nodes: readonly RingNode[], options: object, dialect: RingDialect): void {
  const problems = [...problemsOfOptions(options, dialect), ...problemsOfList(nodes, rulesOf(dialect))];
  if (problems.length > 0) throw new TypeError(`invalid ring: ${problems.join('; ')}`);
}

function rulesOf(dialect: RingDialect): DialectRules | undefined {
  return Object.hasOwn(DIALECT_RULES, dialect) ? DIALECT_RULES[dialect] : undefined;
}

function problemsOfOptions(options: object, dialect: RingDialect): string[] {
  const problems = Object.keys(options)
    .filter((name) => name !== 'dialect')
    .map((name) => `${name} is not an option`);
  if (!rulesOf(dialect))
    problems.push(`dialect must be one of ${DIALECTS.join(', ')}, got ${shown(dialect)}`);
  return problems;
}

function problemsOfList(nodes: readonly RingNode[], rules: DialectRules | undefined): string[] {
  if (!Array.isArray(nodes)) return [`nodes must be an array, got ${shown(nodes)}`];
  if (nodes.length === 0) return ['nodes must not be empty'];
  if (nodes.length > MAX_NODES) return [`there can be at most ${MAX_NODES} nodes, got ${nodes.length}`];

  const problems = nodes.flatMap((node, i) =>
    problemsOfNode(node, rules).map((problem) => `nodes[${i}]${problem}`),
  );
  const firstUse = new Map<string, number>();
  let totalWeight = 0;
  for (const [i, node] of nodes.entries()) {
    if (!isObject(node)) continue;
    const name = nodeName(node);
    const first = firstUse.get(name);
    if (first === undefined) firstUse.set(name, i);
    else problems.push(`nodes[${i}] is ${name} again, like nodes[${first}]`);
    totalWeight += Number(node.weight ?? 1);
  }
  if (totalWeight > MAX_TOTAL_WEIGHT) problems.push(`the weights must add up to ${MAX_TOTAL_WEIGHT} at most`);
  return problems;
}

function problemsOfNode(node: RingNode, rules: DialectRules | undefined): string[] {
  if (!isObject(node)) return [` must be { host, port }, got ${shown(node)}`];
  const { host, port, weight = 1, ip } = node;
  const problems: string[] = [];
  const check = (holds: boolean, field: keyof RingNode, what: string): void => {
    if (!holds) problems.push(`.${field} must be ${what}, got ${shown(node[field])}`);
  };
  const hostIsText = typeof host === 'string' && /^\S+$/.test(host);
  const minWeight = rules?.zeroWeight === 'refused' ? 1 : 0;
  check(hostIsText, 'host', 'a name or an IP address');
  check(isWholeNumber(port, 1, 65535), 'port', 'a whole number from 1 to 65535');
  check(
    isWholeNumber(weight, minWeight, MAX_WEIGHT),
    'weight',
    `a whole number from ${minWeight} to ${MAX_WEIGHT}`,
  );
  check(!ip || (typeof ip === 'string' && isIpLiteral(ip)), 'ip', 'an IP address');
  if (rules?.hashesIp && !ip && hostIsText && !isIpLiteral(host)) {
    problems.push(`.ip is missing: this dialect hashes the address that ${host} resolves to`);
  }
  return problems;
}

function isObject(value: RingNode | null): value is RingNode {
  return typeof value === 'object' && value !== null;
}

function isWholeNumber(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
