/**
 * The middleware and the client, their options, outcomes and errors.
 *
 * @module smearcache
 */

export {
  AbortedError,
  CacheError,
  type CacheErrorCode,
  ClosedError,
  DeadlineError,
  DiscoveryError,
  LoadTimeoutError,
  NodeConnectionError,
  NodeDownError,
  NodeRefusedError,
  NodeTimeoutError,
  OptionsError,
  ProtocolError,
} from './base/errors.ts';
export type {
  CountOutcome,
  DeleteOutcome,
  StoreOutcome,
  TouchOutcome,
  UpdateOutcome,
} from './base/outcome.ts';
export type {
  BatchLoader,
  Cache,
  CallOptions,
  Change,
  CountOptions,
  GetOptions,
  Loader,
  ManyResult,
  ReadResult,
  ReadThroughResult,
  StoreOptions,
  UpdateOptions,
  WrapOptions,
} from './client/cache.ts';
export type {
  CacheLogger,
  CacheOptions,
  DiscoveryOptions,
  NodeOptions,
  SmearOptions,
} from './client/options.ts';
export { createCache } from './create-cache.ts';
export type { CacheMetrics, CacheTracer } from './observability/metrics.ts';
export type { RingDialect, RingNode } from './ring/index.ts';
export type { SmearRule } from './smear/index.ts';
export {
  type SmearCacheContext,
  type SmearCacheMiddleware,
  type SmearCacheOptions,
  smearCache,
  smearCacheValidateOptions,
} from './smear-cache.ts';
export type { Topology } from './topology/index.ts';
