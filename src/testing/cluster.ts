import { configBody, type ListedNode, type NamedNode, type ServedConfig } from './cluster-config.ts';
import { type NodeOptions, startNode, type TestNode } from './node.ts';

/** What all nodes of a cluster have in common, and how many they are. */
export interface ClusterOptions extends Omit<NodeOptions, 'port' | 'clusterConfig'> {
  /** How many nodes; 3 by default. */
  readonly nodes?: number;
}

const ADDRESS = '127.0.0.1';
const DEFAULT_NODES = 3;

/**
 * Nodes with a configuration endpoint, as ElastiCache has them. The version counts from 1 and grows with each
 * change of the list. Got from `startCluster`.
 */
export class TestCluster {
  /** What answers at `configEndpoint`: a node of its own with faults of its own, which the list does not name. */
  readonly configNode: TestNode;
  readonly #options: ClusterOptions;
  readonly #history: (readonly NamedNode[])[] = [];
  readonly #running = new Set<TestNode>();
  readonly #cutOff = new Set<TestNode>();
  #nodes: readonly TestNode[] = [];
  #served: ServedConfig = { kind: 'current' };

  private constructor(options: ClusterOptions, configNode: TestNode) {
    this.#options = options;
    this.configNode = configNode;
    this.#running.add(configNode);
  }

  /** @internal */
  static async start(options: ClusterOptions): Promise<TestCluster> {
    const configNode = await startNode({ ...options, clusterConfig: () => cluster.#configBody() });
    const cluster = new TestCluster(options, configNode);
    try {
      const { nodes = DEFAULT_NODES } = options;
      cluster.#list(await Promise.all(Array.from({ length: nodes }, () => cluster.#startNode())));
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** The nodes on the list, in its order. */
  get nodes(): readonly TestNode[] {
    return this.#nodes;
  }

  /** `['host:port', …]`, as the client takes them. */
  get names(): readonly string[] {
    return this.#nodes.map((node) => node.name);
  }

  /** `host:port` of what answers `config get cluster`. The nodes answer it alike. */
  get configEndpoint(): string {
    return this.configNode.name;
  }

  /** The list's version, from 1 up. */
  get version(): number {
    return this.#history.length;
  }

  /** Starts a node and puts it on the list. */
  async addNode(): Promise<TestNode> {
    const node = await this.#startNode();
    this.#list([...this.#nodes, node]);
    return node;
  }

  /** Takes a node off the list and closes it; `keepRunning` leaves it up until the cluster closes. */
  async removeNode(node: TestNode, { keepRunning = false } = {}): Promise<void> {
    if (!this.#nodes.includes(node)) throw new RangeError(`${node.name} is not in this cluster`);
    this.#list(this.#nodes.filter((other) => other !== node));
    if (keepRunning) return;
    this.#running.delete(node);
    await node.close();
  }

  /**
   * Cuts nodes off, as a network does that loses packets: none of them answers, or refuses, anything until `heal`. What is sent
   * meanwhile arrives late, as it does when TCP sends it again. `configNode` can be one of them; the list does not change.
   * (Connections are still accepted, by this machine's kernel: a connect does not time out, what is sent on it does.)
   *
   * @throws RangeError for a node of another cluster.
   */
  partition(...nodes: readonly TestNode[]): void {
    const foreign = nodes.find((node) => !this.#running.has(node));
    if (foreign !== undefined) throw new RangeError(`${foreign.name} is not in this cluster`);
    for (const node of nodes) {
      node.faults.set({ kind: 'hang' });
      this.#cutOff.add(node);
    }
  }

  /** Joins these nodes again, or all that `partition` cut off: what they were sent is carried out and answered now. */
  heal(...nodes: readonly TestNode[]): void {
    const healed = nodes.length > 0 ? nodes : [...this.#cutOff];
    for (const node of healed) {
      if (this.#cutOff.delete(node)) node.faults.clear('hang');
    }
  }

  /** Makes `config get cluster` tell something else from now on. `{ kind: 'current' }` takes it back. */
  serveConfig(served: ServedConfig): void {
    if (served.kind === 'version' && this.#history[served.version - 1] === undefined) {
      throw new RangeError(`this cluster had no version ${served.version}`);
    }
    this.#served = served;
  }

  /** Closes all of it. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#running, (node) => node.close()));
    this.#running.clear();
  }

  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #startNode(): Promise<TestNode> {
    const node = await startNode({ ...this.#options, clusterConfig: () => this.#configBody() });
    this.#running.add(node);
    return node;
  }

  #list(nodes: readonly TestNode[]): void {
    this.#nodes = nodes;
    this.#history.push(nodes);
  }

  #configBody(): string | undefined {
    const served = this.#served;
    switch (served.kind) {
      case 'current':
        return configBody(this.version, this.#nodes.map(listed));
      case 'version':
        return configBody(served.version, this.#history[served.version - 1]!.map(listed));
      case 'list':
        return configBody(served.version, served.nodes.map(listed));
      case 'empty':
        return configBody(this.version, []);
      case 'text':
        return served.body;
      case 'error':
        return undefined;
      default:
        return served satisfies never;
    }
  }
}

/** Starts nodes and their configuration endpoint; all accept connections when the promise resolves. */
export const startCluster = (options: ClusterOptions = {}): Promise<TestCluster> =>
  TestCluster.start(options);

const listed = ({ host, port }: NamedNode): ListedNode => ({ host, ip: ADDRESS, port });
