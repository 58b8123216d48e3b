import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Template } from '../../scripts/local/template/template.ts';
import { METRICS } from '../../src/observability/metrics.ts';

interface Widget {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: { readonly title: string; readonly metrics: readonly (readonly unknown[])[] };
}
interface Shown {
  readonly id: string;
  readonly expression?: string;
  readonly label?: string;
}

const TEMPLATE = fileURLToPath(new URL('../../template.yaml', import.meta.url));

/** The dashboard's widgets as CloudFormation would write them; `2` is the number of each new version. */
function widgetsOf(parameterOverrides: Record<string, string>): readonly Widget[] {
  const template = new Template(readFileSync(TEMPLATE, 'utf8'), '/', {
    parameterOverrides,
    localValues: { attribute: (_, attribute) => (attribute === 'Version.Version' ? '2' : undefined) },
  });
  const properties = template.properties(template.resource('Dashboard')!);
  return JSON.parse(String(template.evaluate(properties.DashboardBody))).widgets;
}

const existing = {
  CacheKind: 'existing',
  ExistingCacheEndpoint: 'shop.abc123.cfg.euw1.cache.amazonaws.com:11311',
};
const MODES: [string, Record<string, string>][] = [
  ['a cluster', {}],
  ['a serverless cache', { CacheKind: 'serverless' }],
  ['an existing cluster', existing],
];

const shownIn = (widgets: readonly Widget[], title: string): readonly Shown[] =>
  widgets
    .find((widget) => widget.properties.title.startsWith(title))!
    .properties.metrics.map((metric) => metric.at(-1) as Shown);

describe.each(MODES)('the dashboard of %s', (_, parameters) => {
  const widgets = widgetsOf(parameters);
  const all = JSON.stringify(widgets);

  it('has every name filled in, and a place for each widget', () => {
    expect(all.replace(/\$\{PROP\('Dim\.\w+'\)\}/g, '')).not.toContain('${');
    const cells = widgets.flatMap(({ x, y, width, height }) =>
      Array.from({ length: width * height }, (_, i) => `${x + (i % width)},${y + Math.floor(i / width)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { x, width } of widgets) expect(x + width).toBeLessThanOrEqual(24);
    for (const { properties } of widgets) {
      const ids = properties.metrics.map((metric) => (metric.at(-1) as Shown).id);
      expect(new Set(ids).size, properties.title).toBe(ids.length);
      for (const id of ids) expect(id).toMatch(/^[a-z]\w*$/);
    }
  });

  it('shows each version by a line of its own, of this stack only', () => {
    const perVersion = widgets.filter(({ properties }) => properties.title.includes('each version'));
    expect(perVersion).toHaveLength(10);
    for (const { properties } of perVersion) {
      for (const metric of properties.metrics) {
        const { expression, label } = metric.at(-1) as Shown;
        expect(expression).toMatch(
          /^SEARCH\('\{("local",service,function_version|AWS\/Lambda,FunctionName,Resource,ExecutedVersion)\} /,
        );
        expect(label).toMatch(/version \$\{PROP\('Dim\.(function_version|ExecutedVersion)'\)\}$/);
      }
    }
  });

  it('counts the hit ratio as the alarm does, of the newest version beside those before it', () => {
    for (const service of ['get-item', 'list-items']) {
      const shown = shownIn(widgets, `${service}: hit ratio`);
      const of = (id: string) => shown.find((one) => one.id === id)!;
      const reads = '(FILL(hits, 0) + FILL(misses, 0) + FILL(unavailable, 0))';
      expect(of('newest')).toMatchObject({
        expression: `100 * FILL(hits, 0) / ${reads}`,
        label: 'version 2',
      });
      expect(of('before').expression).toBe(`100 * (allHits - FILL(hits, 0)) / (allReads - ${reads})`);
      const search = (names: string) =>
        `SUM(SEARCH('{"local",service,function_version} service="local-${service}" MetricName=${names}', 'Sum', 60))`;
      expect(of('allHits').expression).toBe(search('"CacheHits"'));
      expect(of('allReads').expression).toBe(search('("CacheHits" OR "CacheMisses" OR "CacheUnavailable")'));
    }
  });

  it('shows what is published: the cache’s counts, answers of 5xx, hot keys', () => {
    for (const name of Object.keys(METRICS)) {
      // Only the alarm needs these, as a part of what cache errors are a share of.
      if (name !== 'CacheWrites') expect(all, name).toContain(`\\"${name}\\"`);
    }
    expect(shownIn(widgets, 'answers of 5xx')[0]!.expression).toContain('MetricName="ServerErrors"');
    expect(shownIn(widgets, 'hot keys, each version').map(({ expression }) => expression)).toEqual([
      expect.stringContaining(`MetricName="HotKeys"', 'Maximum'`),
      expect.stringContaining(`MetricName="HotKeysPromoted"', 'Sum'`),
      expect.stringContaining(`MetricName="HotKeysDemoted"', 'Sum'`),
      expect.stringContaining(`MetricName="HotListsRefused"', 'Sum'`),
    ]);
    for (const service of ['get-item', 'list-items']) {
      expect(shownIn(widgets, `${service}: origin loads`)[0]!.expression).toContain('"OriginLoads"');
    }
  });
});

describe('what the cache itself is shown by', () => {
  it.each([
    ['CacheCluster', {}],
    ['shop', existing],
  ])('is the load of each node of %s', (cluster, parameters) => {
    const widgets = widgetsOf(parameters);
    expect(shownIn(widgets, 'load of each node: reads')).toEqual([
      {
        id: 'reads',
        expression: `SEARCH('{AWS/ElastiCache,CacheClusterId,CacheNodeId} MetricName="CmdGet" CacheClusterId="${cluster}"', 'Sum', 60)`,
        label: `node \${PROP('Dim.CacheNodeId')}`,
      },
    ]);
    expect(shownIn(widgets, 'hot keys: the busiest node')[0]!.expression).toMatch(/^MAX\(.*\) \/ AVG\(.*\)$/);
    expect(JSON.stringify(widgets)).not.toContain('ElastiCacheProcessingUnits');
  });

  it('is its own figures where it is serverless, which has no nodes', () => {
    const widgets = widgetsOf({ CacheKind: 'serverless' });
    expect(JSON.stringify(widgets)).not.toContain('CacheNodeId');
    const named = shownIn(widgets, 'load of the serverless cache');
    expect(named.map(({ expression }) => expression)).toEqual([
      `SEARCH('Namespace="AWS/ElastiCache" MetricName="ElastiCacheProcessingUnits" "local-cache"', 'Sum', 60)`,
      `SEARCH('Namespace="AWS/ElastiCache" MetricName="TotalCmdsCount" "local-cache"', 'Sum', 60)`,
    ]);
    const titles = widgets.map(({ properties }) => properties.title).join('\n');
    for (const shown of ['throttled', 'latency', 'bytes stored']) expect(titles).toContain(shown);
  });
});

describe('the port of the cache', () => {
  it.each([
    ['11311', existing],
    // Whatever stands there while the cache is made by the stack.
    ['11211', { ExistingCacheEndpoint: 'shop.example:11311' }],
    ['11211', {}],
    ['11211', { CacheKind: 'serverless' }],
  ])('is open as %s by %j', (port, parameterOverrides) => {
    const template = new Template(readFileSync(TEMPLATE, 'utf8'), '/', { parameterOverrides });
    for (const name of ['FunctionToCache', 'CacheFromFunction']) {
      const { FromPort, ToPort } = template.properties(template.resource(name)!);
      const ports = [FromPort, ToPort].map((value) => String(template.evaluate(value)));
      expect(ports, name).toEqual([port, port]);
    }
  });
});
