import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A node as the API tells it; one that is being made or deleted has no host yet. */
export interface FakeNode {
  readonly host?: string;
  readonly port?: number;
  readonly status?: string;
}

export interface FakeElastiCacheOptions {
  /** By cluster id, in lower case as ElastiCache keeps them. */
  readonly clusters: Record<string, { nodes: readonly FakeNode[]; status?: string }>;
  /** So many of the first calls are throttled. */
  readonly throttled?: number;
  /** So many nodes to a page, the rest behind a marker. */
  readonly pageSize?: number;
  /** This, with status 200, in the place of any answer. */
  readonly body?: string;
  /** Accepts calls and never answers. */
  readonly silent?: boolean;
}

/** ElastiCache's Query API (2015-02-02) as far as `DescribeCacheClusters` goes, for the real SDK to talk to. */
export interface FakeElastiCache {
  /** Options for the SDK's client that lead it here. */
  readonly clientOptions: {
    endpoint: string;
    region: string;
    credentials: { accessKeyId: string; secretAccessKey: string };
  };
  /** The parameters of each call. */
  readonly calls: readonly Record<string, string>[];
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const NAMESPACE = 'http://elasticache.amazonaws.com/doc/2015-02-02/';

export async function startFakeElastiCache(options: FakeElastiCacheOptions): Promise<FakeElastiCache> {
  const calls: Record<string, string>[] = [];
  let throttled = options.throttled ?? 0;

  const answer = (call: Record<string, string>): { status: number; body: string } => {
    if (throttled > 0) {
      throttled -= 1;
      return failure(400, 'Throttling', 'Rate exceeded');
    }
    const id = call.CacheClusterId ?? '';
    const cluster = options.clusters[id.toLowerCase()];
    if (cluster === undefined) {
      return failure(404, 'CacheClusterNotFound', `CacheCluster not found: ${id}`);
    }
    const listed = call.ShowCacheNodeInfo === 'true' ? cluster.nodes : [];
    const start = Number(call.Marker ?? 0);
    const end = start + (options.pageSize ?? listed.length);
    const nodes = listed.slice(start, end);
    const marker = end < listed.length ? `<Marker>${end}</Marker>` : '';
    if (options.body !== undefined) return { status: 200, body: options.body };
    return {
      status: 200,
      body:
        `<DescribeCacheClustersResponse xmlns="${NAMESPACE}"><DescribeCacheClustersResult>${marker}<CacheClusters>` +
        `<CacheCluster><CacheClusterId>${id}</CacheClusterId><Engine>memcached</Engine>` +
        `<CacheClusterStatus>${cluster.status ?? 'available'}</CacheClusterStatus>` +
        `<CacheNodes>${nodes.map(nodeXml).join('')}</CacheNodes></CacheCluster>` +
        `</CacheClusters></DescribeCacheClustersResult></DescribeCacheClustersResponse>`,
    };
  };

  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text) => {
      body += text;
    });
    request.on('end', () => {
      const call = Object.fromEntries(new URLSearchParams(body));
      calls.push(call);
      if (options.silent) return;
      const { status, body: xml } = answer(call);
      response.writeHead(status, { 'content-type': 'text/xml' }).end(xml);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  return {
    clientOptions: {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    },
    calls,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function nodeXml({ host, port = 11_211, status = 'available' }: FakeNode, index: number): string {
  const endpoint =
    host === undefined ? '' : `<Endpoint><Address>${host}</Address><Port>${port}</Port></Endpoint>`;
  return (
    `<CacheNode><CacheNodeId>${String(index + 1).padStart(4, '0')}</CacheNodeId>` +
    `<CacheNodeStatus>${status}</CacheNodeStatus>${endpoint}</CacheNode>`
  );
}

const failure = (status: number, code: string, message: string) => ({
  status,
  body:
    `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${code}</Code>` +
    `<Message>${message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`,
});
