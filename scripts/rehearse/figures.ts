import { percent } from '../../src/release/findings.ts';
import type { Invocation } from '../local/runtime/invocation.ts';
import { NEW, OLD, VERSIONS, type Version } from './deployment.ts';
import { type MetricStore, statistic } from './metric-store.ts';

export interface VersionFigures {
  readonly version: Version;
  readonly invocations: number;
  /** Invocations that failed. */
  readonly errors: number;
  /** Responses of 500 and above, from invocations that did not fail. */
  readonly failures: number;
  readonly p99Millis: number | undefined;
  readonly hits: number;
  readonly misses: number;
  /** Reads that no node answered. */
  readonly unavailable: number;
  readonly originLoads: number;
  /** Items that could not be read, or did not validate. */
  readonly undecodable: number;
}

/** What both versions came to: by their metrics, and by what they answered, which no metric of Lambda's counts. */
export class Figures {
  readonly #store: MetricStore;
  readonly #functionNames: readonly string[];
  readonly #failures: Record<Version, number> = { [OLD]: 0, [NEW]: 0 };

  /** `functionNames`: those whose alias is shifted. */
  constructor(store: MetricStore, functionNames: readonly string[]) {
    this.#store = store;
    this.#functionNames = functionNames;
  }

  answered(version: Version, { status, payload }: Invocation): void {
    if (status === 'success' && statusOf(payload) >= 500) this.#failures[version] += 1;
  }

  all(): readonly VersionFigures[] {
    return VERSIONS.map((version) => this.of(version));
  }

  of(version: Version): VersionFigures {
    const all = (name: string): number[] =>
      this.#functionNames.flatMap((functionName) => {
        const dimensions = {
          FunctionName: functionName,
          Resource: `${functionName}:live`,
          ExecutedVersion: version,
        };
        return [...this.#store.series({ namespace: 'AWS/Lambda', name, dimensions }).values()].flat();
      });
    const ofCache = (name: string): number => this.#store.sum(name, 'function_version', version);
    return {
      version,
      invocations: all('Invocations').length,
      errors: statistic('Sum', all('Errors')) ?? 0,
      failures: this.#failures[version],
      p99Millis: statistic('p99', all('Duration')),
      hits: ofCache('CacheHits'),
      misses: ofCache('CacheMisses'),
      unavailable: ofCache('CacheUnavailable'),
      originLoads: ofCache('OriginLoads'),
      undecodable: ofCache('Undecodable'),
    };
  }
}

/** What the release's author should look at although it may have succeeded. */
export function warningsOf(figures: readonly VersionFigures[]): readonly string[] {
  const [old, next] = VERSIONS.map((version) => figures.find((one) => one.version === version)!);
  const warnings: string[] = [];
  const told = (one: VersionFigures): string =>
    `${one.failures} of ${one.invocations} requests (${percent(shareOfFailures(one))})`;
  if (shareOfFailures(next!) > shareOfFailures(old!)) {
    warnings.push(
      `the new version answers 5xx more often than the old one, ${told(next!)} against ${told(old!)}: ` +
        'look at its log, since an alarm on errors of functions does not count what a handler answers',
    );
  }
  // The alarms know the new version's number alone.
  if (old!.undecodable > 0) {
    warnings.push(
      `the old version could not read ${old!.undecodable} items: if the new one wrote them, by an event that ` +
        'events/check.json does not have, give it a schema of its own',
    );
  }
  return warnings;
}

const shareOfFailures = ({ failures, invocations }: VersionFigures): number =>
  invocations === 0 ? 0 : failures / invocations;

/** 0 where the answer has none: not every function answers an API. */
function statusOf(payload: string): number {
  try {
    const { statusCode } = Object(JSON.parse(payload)) as { statusCode?: unknown };
    return typeof statusCode === 'number' ? statusCode : 0;
  } catch {
    return 0;
  }
}
