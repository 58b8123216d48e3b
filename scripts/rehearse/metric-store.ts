import { isObject, type JsonObject } from '../local/template/json.ts';

export type Dimensions = Readonly<Record<string, string>>;

export interface MetricId {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Dimensions;
}

const MINUTE_SECONDS = 60;

/** What CloudWatch would hold, minute by minute of the rehearsal. */
export class MetricStore {
  /** The minute that is now; the first is 0. */
  minute = 0;
  readonly #values = new Map<string, Map<number, number[]>>();

  record(id: MetricId, value: number): void {
    const key = keyOf(id);
    const minutes = this.#values.get(key) ?? new Map<number, number[]>();
    this.#values.set(key, minutes);
    const values = minutes.get(this.minute);
    if (values === undefined) minutes.set(this.minute, [value]);
    else values.push(value);
  }

  /** The metrics of a line that a function wrote in CloudWatch's embedded format; any other line has none. */
  recordLine(line: string): void {
    const root = parsed(line);
    const directives = isObject(root?._aws) ? root._aws.CloudWatchMetrics : undefined;
    if (root === undefined || !Array.isArray(directives)) return;
    for (const directive of directives.filter(isObject)) {
      for (const names of listOf(directive.Dimensions)) {
        const dimensions = Object.fromEntries(
          listOf(names).map((name) => [String(name), String(root[String(name)])]),
        );
        for (const metric of listOf(directive.Metrics).filter(isObject)) {
          const name = String(metric.Name);
          const id = { namespace: String(directive.Namespace), name, dimensions };
          for (const value of [root[name] ?? []].flat()) this.record(id, Number(value));
        }
      }
    }
  }

  /** One period's values: the one that ends with the minute that is now, or `back` periods before it. */
  period(id: MetricId, periodSeconds: number, back = 0): readonly number[] {
    const minutes = Math.max(1, Math.ceil(periodSeconds / MINUTE_SECONDS));
    const last = this.minute - back * minutes;
    const all = this.#values.get(keyOf(id));
    return Array.from({ length: minutes }, (_, i) => all?.get(last - i) ?? []).flat();
  }

  /** All there are, by minute. */
  series(id: MetricId): ReadonlyMap<number, readonly number[]> {
    return this.#values.get(keyOf(id)) ?? new Map();
  }

  /** The sum of all metrics of that name which have this dimension, whatever else they have. */
  sum(name: string, dimension: string, value: string): number {
    const wanted = JSON.stringify([dimension, value]);
    return [...this.#values]
      .filter(([key]) => {
        const [, itsName, ...dimensions] = JSON.parse(key) as unknown[];
        return itsName === name && dimensions.some((one) => JSON.stringify(one) === wanted);
      })
      .flatMap(([, minutes]) => [...minutes.values()].flat())
      .reduce((sum, one) => sum + one, 0);
  }
}

/** The statistic as CloudWatch names it: `Sum`, `p99`; `undefined` where there is no value. */
export function statistic(name: string, values: readonly number[]): number | undefined {
  if (name === 'SampleCount') return values.length;
  if (values.length === 0) return undefined;
  const sum = () => values.reduce((total, value) => total + value, 0);
  switch (name) {
    case 'Sum':
      return sum();
    case 'Average':
      return sum() / values.length;
    case 'Minimum':
      return Math.min(...values);
    case 'Maximum':
      return Math.max(...values);
    default: {
      const share = Number(/^p(\d+(?:\.\d+)?)$/.exec(name)?.[1]) / 100;
      if (!(share >= 0 && share <= 1)) throw new Error(`the rehearsal does not know the statistic ${name}`);
      const sorted = values.toSorted((a, b) => a - b);
      return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
    }
  }
}

const keyOf = ({ namespace, name, dimensions }: MetricId): string =>
  JSON.stringify([namespace, name, ...Object.entries(dimensions).toSorted(([a], [b]) => (a < b ? -1 : 1))]);

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function parsed(line: string): JsonObject | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as JsonObject;
  } catch {
    return undefined;
  }
}
