/**
 * The field of an event, beside those of its trigger, that makes it a release's check. API Gateway, function URLs and load
 * balancers put what a client sends into fields of theirs, so no HTTP client can set it.
 */
export const CHECK_FIELD = 'smearcache:check';

/** One node as a version of the function sees it. */
export interface NodeReport {
  /** `host:port`. */
  readonly name: string;
  /** Where the node list tells it. Some dialects hash it. */
  readonly ip?: string | undefined;
  readonly reachable: boolean;
  /** Of one small read on an open connection; `null` where there was none. */
  readonly roundTripMillis: number | null;
  /** `ok`, or in one sentence what went wrong. */
  readonly writeReadDelete: string;
}

/** What the middleware answers to a self-check: all that decides where and how this version stores a key. Plain JSON. */
export interface SelfCheckReport {
  /** Of this format. */
  readonly version: 1;
  readonly packageVersion: string;
  readonly functionVersion: string;
  /** Under which name the handler finds this cache, and which of its handler's caches it is, from 0 on. */
  readonly contextKey?: string | undefined;
  readonly position?: number | undefined;
  readonly fingerprint: string;
  /** The cache is switched off; what follows is then of the options alone. */
  readonly disabled: boolean;
  readonly dialect: string;
  readonly placement: string;
  readonly schema: string | null;
  readonly invalidates: readonly string[];
  /** The one that this version serves under, not the one of the check. */
  readonly namespace: string | null;
  /** The version of how keys and values are stored. */
  readonly codec: number;
  /** `null` where the nodes were not found; `problem` says why. */
  readonly topology: { readonly version: string; readonly nodes: readonly string[] } | null;
  readonly problem?: string | undefined;
  readonly ringFingerprint: string | null;
  readonly nodes: readonly NodeReport[];
  /** By the node's name; those that are left out have 1. */
  readonly weights: Readonly<Record<string, number>>;
}
