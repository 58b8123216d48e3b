/** One node as `config get cluster` lists it. */
export interface ListedNode {
  readonly host: string;
  readonly ip: string;
  readonly port: number;
}

/** The name behind `config get`. */
export const CONFIG_COMMAND_KEY = 'cluster';

/** What ElastiCache answers: the version, a line of `host|ip|port` with spaces between, each with an LF. */
export function configBody(version: number, nodes: readonly ListedNode[]): string {
  const list = nodes.map(({ host, ip, port }) => `${host}|${ip}|${port}`).join(' ');
  return `${version}\n${list}\n`;
}

/** A node, or what stands for one in a list. */
export interface NamedNode {
  readonly host: string;
  readonly port: number;
}

/** The list as it was at an earlier version. */
export interface EarlierConfig {
  readonly kind: 'version';
  readonly version: number;
}

/** Any version with any nodes. */
export interface ListConfig {
  readonly kind: 'list';
  readonly version: number;
  readonly nodes: readonly NamedNode[];
}

/** This text, as it is, in the place of version and list. */
export interface TextConfig {
  readonly kind: 'text';
  readonly body: string;
}

/**
 * What `config get cluster` is to answer, for clients that must not believe everything. `current` is the truth,
 * `empty` the current version without nodes, `error` an `ERROR`, as from memcached that is not ElastiCache's.
 */
export type ServedConfig =
  | { readonly kind: 'current' | 'empty' | 'error' }
  | EarlierConfig
  | ListConfig
  | TextConfig;
