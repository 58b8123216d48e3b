import { describe, expect, it } from 'vitest';
import { OptionsError } from '../../../src/base/errors.ts';
import type { CacheOptions } from '../../../src/client/options.ts';
import { type Environment, resolveOptions } from '../../../src/client/resolve-options.ts';

const NODES = { nodes: ['a.example:11211', 'b.example:11212'] };
const resolve = (options: unknown, environment: Environment = {}) =>
  resolveOptions(options as CacheOptions, environment);

/** The problems of options that are wrong; none where they are right. */
function problemsOf(options: unknown, environment: Environment = {}): readonly string[] {
  try {
    resolve(options, environment);
    return [];
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
}
const withNodes = (options: Record<string, unknown>): Record<string, unknown> => ({
  discovery: NODES,
  ...options,
});

describe('options', () => {
  it('have defaults for all but the nodes', () => {
    expect(resolve({ discovery: NODES })).toMatchObject({
      discovery: {
        kind: 'nodes',
        nodes: [
          { host: 'a.example', port: 11_211 },
          { host: 'b.example', port: 11_212 },
        ],
      },
      transport: 'auto',
      dialect: 'libketama',
      connectTimeoutMillis: 250,
      operationTimeoutMillis: 100,
      namespace: undefined,
      schema: undefined,
      invalidates: [],
      smear: { rules: [], placement: 'successors', copyTtlSeconds: 5 },
      disabled: false,
    });
  });

  it('take one of the ways to find the nodes', () => {
    expect(resolve({ discovery: { configurationEndpoint: 'cfg.example' } }).discovery).toEqual({
      kind: 'configuration-endpoint',
      endpoint: { host: 'cfg.example', port: 11_211 },
    });
    expect(resolve({ discovery: { clusterId: 'shop' } }).discovery).toEqual({
      kind: 'cluster',
      clusterId: 'shop',
    });
    expect(
      resolve({
        discovery: { nodes: [{ host: 'a', port: 1, weight: 3 }, { host: 'b', port: 1 }, '[::1]:2'] },
      }).discovery,
    ).toEqual({
      kind: 'nodes',
      nodes: [
        { host: 'a', port: 1, weight: 3 },
        { host: 'b', port: 1 },
        { host: '::1', port: 2 },
      ],
    });
  });

  it('need one of them, and say how to give it', () => {
    const [problem, ...others] = problemsOf({});
    expect(others).toEqual([]);
    expect(problem).toMatch(/^discovery must name the cluster.*configurationEndpoint.*nodes/);
    expect(problem).toContain('SMEARCACHE_CONFIGURATION_ENDPOINT');
  });

  it('take no more than one of them', () => {
    const [problem, ...others] = problemsOf({ discovery: { ...NODES, clusterId: 'shop' } });
    expect(others).toEqual([]);
    expect(problem).toMatch(/^discovery is given 2 times: keep one of configurationEndpoint, nodes/);
  });

  it('take a plain key for a rule with the default number of copies', () => {
    const { smear } = resolve(
      withNodes({ smear: { keys: ['hot', { key: 'k', copies: 2 }, { prefix: 'p:', copies: 3 }] } }),
    );
    expect(smear.rules).toEqual([
      { key: 'hot', copies: 8 },
      { key: 'k', copies: 2 },
      { prefix: 'p:', copies: 3 },
    ]);
  });

  it('look for hot keys by default, by rules of which each may be changed alone', () => {
    const autoOf = (smear?: Record<string, unknown>) => resolve({ discovery: NODES, smear }).smear.auto;
    const rules = { tolerance: 0.02, leastReadsPerSecond: 20, oneIn: 128 };
    expect(autoOf()).toEqual(rules);
    for (const auto of [true, undefined, {}, { tolerance: undefined }])
      expect(autoOf({ auto })).toEqual(rules);
    expect(autoOf({ auto: { tolerance: 0.1 } })).toEqual({ ...rules, tolerance: 0.1 });
    expect(autoOf({ auto: { leastReadsPerSecond: 500 } })).toEqual({ ...rules, leastReadsPerSecond: 500 });
    expect(autoOf({ auto: { oneIn: 1 } })).toEqual({ ...rules, oneIn: 1 });
    const bounds = { tolerance: 0.001, leastReadsPerSecond: 1e9, oneIn: 100_000 };
    expect(autoOf({ auto: bounds })).toEqual(bounds);
  });

  it('do not look for hot keys where that is switched off, nor under `suffix`', () => {
    const autoOf = (smear: Record<string, unknown>) => resolve({ discovery: NODES, smear }).smear.auto;
    expect(autoOf({ auto: false })).toBeUndefined();
    expect(autoOf({ auto: true, placement: 'suffix' })).toBeUndefined();
    expect(autoOf({ auto: { oneIn: 64 }, placement: 'suffix' })).toBeUndefined();
  });

  it('that are undefined count as not given', () => {
    const options = {
      discovery: { nodes: NODES.nodes, clusterId: undefined, configurationEndpoint: undefined },
      connectTimeoutMillis: undefined,
      schema: undefined,
      smear: undefined,
    };
    expect(problemsOf(options)).toEqual([]);
    expect(resolve(options, { SMEARCACHE_CONNECT_TIMEOUT_MILLIS: '77' }).connectTimeoutMillis).toBe(77);
  });
});

describe('wrong options', () => {
  it.each([
    ['smear', withNodes({ smear: ['hot'] }), 'smear must be an object'],
    ['an unknown option', withNodes({ conectTimeoutMillis: 5 }), 'conectTimeoutMillis is not an option'],
    ['an unknown option of a group', withNodes({ smear: { key: ['a'] } }), 'smear.key is not an option'],
    [
      'an unknown way to find nodes',
      { discovery: { ...NODES, host: 'a' } },
      'discovery.host is not an option',
    ],
    ['a name from the prototype', withNodes({ constructor: 1 }), 'constructor is not an option'],
    ['another name from the prototype', withNodes({ toString: 1 }), 'toString is not an option'],
    ['a path for a name', withNodes({ 'smear.copyTtlSeconds': 9 }), 'smear.copyTtlSeconds is not an option'],
    [
      'an endpoint',
      { discovery: { configurationEndpoint: 'a:b' } },
      /^discovery\.configurationEndpoint must/,
    ],
    ['an endpoint', { discovery: { configurationEndpoint: '' } }, /^discovery\.configurationEndpoint must/],
    ['no nodes', { discovery: { nodes: [] } }, /^discovery\.nodes must be a list/],
    ['a node', { discovery: { nodes: ['a:1', 'b:x'] } }, /^discovery\.nodes must be a list/],
    ['a node without a port', { discovery: { nodes: [{ host: 'a' }] } }, /^discovery\.nodes/],
    ['a node twice', { discovery: { nodes: ['a:1', 'a:1'] } }, /^discovery\.nodes: .*a:1/],
    ['a port', { discovery: { nodes: [{ host: 'a', port: 70_000 }] } }, /^discovery\.nodes: /],
    ['a weight', { discovery: { nodes: [{ host: 'a', port: 1, weight: -1 }] } }, /^discovery\.nodes/],
    [
      'a fraction of a weight',
      { discovery: { nodes: [{ host: 'a', port: 1, weight: 1.5 }] } },
      /^discovery\.nodes: /,
    ],
    ['a cluster id', { discovery: { clusterId: ' ' } }, /^discovery\.clusterId must/],
    ['a transport', withNodes({ transport: 'binary' }), /^transport must be one of auto, /],
    ['a dialect', withNodes({ dialect: 'md5' }), /^dialect must be one of libketama, /],
    ['a time-out of 0', withNodes({ connectTimeoutMillis: 0 }), /^connectTimeoutMillis must be .* got 0$/],
    ['a time-out as text', withNodes({ operationTimeoutMillis: '100' }), /^operationTimeoutMillis must be/],
    [
      'an endless time-out',
      withNodes({ operationTimeoutMillis: Number.POSITIVE_INFINITY }),
      /^operationTimeoutMillis/,
    ],
    ['a namespace with a colon', withNodes({ namespace: 'a:b' }), /^namespace must be/],
    ['a namespace with a space', withNodes({ namespace: 'a b' }), /^namespace must be/],
    [
      'a namespace of checks',
      withNodes({ namespace: 'check-prod' }),
      /^namespace must not start with "check-"/,
    ],
    ['an empty schema', withNodes({ schema: '' }), /^schema must be/],
    ['a schema that is too long', withNodes({ schema: 's'.repeat(65) }), /^schema must be/],
    ['a schema in our own keys’ place', withNodes({ schema: 'sc~1' }), /^schema must be/],
    ['a schema that is not ASCII', withNodes({ schema: 'é' }), /^schema must be/],
    ['other schemas', withNodes({ invalidates: ['v1', 'v:2'] }), /^invalidates must be/],
    ['other schemas as text', withNodes({ invalidates: 'v1' }), /^invalidates must be/],
    ['a smeared key', withNodes({ smear: { keys: [''] } }), /^smear\.keys must be/],
    [
      'a key and a prefix',
      withNodes({ smear: { keys: [{ key: 'a', prefix: 'b' }] } }),
      /^smear\.keys must be/,
    ],
    ['no copies', withNodes({ smear: { keys: [{ key: 'a', copies: 0 }] } }), /^smear\.keys must be/],
    ['half a copy', withNodes({ smear: { keys: [{ key: 'a', copies: 1.5 }] } }), /^smear\.keys must be/],
    ['a placement', withNodes({ smear: { placement: 'random' } }), /^smear\.placement must be one of/],
    ['a copy’s time', withNodes({ smear: { copyTtlSeconds: 0.5 } }), /^smear\.copyTtlSeconds must be/],
    ['a switch as text', withNodes({ disabled: 'yes' }), /^disabled must be true or false, got "yes"$/],
    [
      'a logger',
      withNodes({ logger: { info: () => {} } }),
      /^logger must be an object with debug, info, warn, got/,
    ],
    ['an SDK class', withNodes({ AwsClient: {} }), /^AwsClient must be/],
    ['SDK options', withNodes({ awsClientOptions: 'eu' }), /^awsClientOptions must be/],
    [
      'null for an option',
      withNodes({ connectTimeoutMillis: null }),
      /^connectTimeoutMillis must be .* got null$/,
    ],
    [
      'a misspelt part of a node',
      { discovery: { nodes: [{ host: 'a', port: 1, wieght: 2 }] } },
      /^discovery\.nodes/,
    ],
    ['a misspelt part of a rule', withNodes({ smear: { keys: [{ key: 'a', copeis: 2 }] } }), /^smear\.keys/],
  ])('are named and mended: %s (%j)', (_what, options, problem) => {
    const [first, ...others] = problemsOf(options);
    expect(others).toEqual([]);
    if (typeof problem === 'string') expect(first).toBe(problem);
    else expect(first).toMatch(problem);
  });

  it.each([
    ['the options', 'none'],
    ['the options', []],
    ['discovery', { discovery: 'cfg:1' }],
  ])('that are no object are named: %s (%j)', (what, options) => {
    expect(problemsOf(options)[0]).toBe(`${what} must be an object`);
  });

  it.each([
    ['yes'],
    [null],
    [7],
    [[]],
    [{ tolerance: 0 }],
    [{ tolerance: 1.1 }],
    [{ tolerance: '0.1' }],
    [{ tolerance: Number.NaN }],
    [{ leastReadsPerSecond: 0 }],
    [{ leastReadsPerSecond: 2e9 }],
    [{ oneIn: 0.5 }],
    [{ oneIn: 100_001 }],
    [{ oneIn: null }],
    [{ oneIn: 64, tolerence: 0.1 }],
    [{ constructor: 1 }],
  ])('of the search for hot keys are told with what they may be, and what they are: %j', (auto) => {
    expect(problemsOf(withNodes({ smear: { auto } }))).toEqual([
      'smear.auto must be true, false or an object with some of tolerance (0.001 to 1), ' +
        `leastReadsPerSecond (1 to 1000000000), oneIn (1 to 100000), got ${JSON.stringify(auto)}`,
    ]);
  });

  it('are told all at once, in one TypeError', () => {
    const options = { discovery: { nodes: [] }, schema: 'a:b', conectTimeout: 1, smear: { placement: 'x' } };
    expect(problemsOf(options)).toHaveLength(4);
    let thrown: unknown;
    try {
      resolve(options);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(TypeError);
    const { message, name } = thrown as OptionsError;
    expect(name).toBe('OptionsError');
    for (const part of ['discovery.nodes', 'schema', 'conectTimeout', 'smear.placement']) {
      expect(message).toContain(part);
    }
  });

  it('do not hide that a dialect needs IPs that a list of names has not', () => {
    const [problem] = problemsOf(withNodes({ dialect: 'spymemcached' }));
    expect(problem).toMatch(/ip/i);
  });

  it('do not print whatever long value they were given', () => {
    const [problem] = problemsOf(withNodes({ namespace: 'x y'.repeat(1_000) }));
    expect(problem!.length).toBeLessThan(250);
  });
});

describe('environment variables', () => {
  const CONFIGURED = { SMEARCACHE_CONFIGURATION_ENDPOINT: 'cfg.example:11211' };

  it('give what code leaves out', () => {
    expect(
      resolve(
        {},
        {
          SMEARCACHE_NODES: 'a.example:1, b.example:2,',
          SMEARCACHE_TRANSPORT: 'memjs',
          SMEARCACHE_DIALECT: 'twemproxy',
          SMEARCACHE_CONNECT_TIMEOUT_MILLIS: '300',
          SMEARCACHE_OPERATION_TIMEOUT_MILLIS: '50',
          SMEARCACHE_NAMESPACE: 'shop',
          SMEARCACHE_SCHEMA: 'v2',
          SMEARCACHE_INVALIDATES: 'v1,v3',
          SMEARCACHE_SMEAR_KEYS: 'hot:1, hot:2',
          SMEARCACHE_SMEAR_PLACEMENT: 'suffix',
          SMEARCACHE_SMEAR_COPY_TTL_SECONDS: '7',
        },
      ),
    ).toMatchObject({
      discovery: {
        kind: 'nodes',
        nodes: [
          { host: 'a.example', port: 1 },
          { host: 'b.example', port: 2 },
        ],
      },
      transport: 'memjs',
      dialect: 'twemproxy',
      connectTimeoutMillis: 300,
      operationTimeoutMillis: 50,
      namespace: 'shop',
      schema: 'v2',
      invalidates: ['v1', 'v3'],
      smear: {
        rules: [{ key: 'hot:1' }, { key: 'hot:2' }],
        placement: 'suffix',
        copyTtlSeconds: 7,
      },
    });
  });

  it('switch the search for hot keys off and on', () => {
    const autoOf = (text: string, smear = {}) =>
      resolve({ discovery: NODES, smear }, { SMEARCACHE_SMEAR_AUTO: text }).smear.auto;
    for (const text of ['false', '0', ' False']) expect(autoOf(text)).toBeUndefined();
    for (const text of ['true', '1', '']) expect(autoOf(text)).toMatchObject({ oneIn: 128 });
    expect(autoOf('false', { auto: { oneIn: 64 } })).toMatchObject({ oneIn: 64 });
    expect(autoOf('true', { auto: false })).toBeUndefined();
  });

  it('name the cluster by its endpoint or id', () => {
    expect(resolve({}, CONFIGURED).discovery.kind).toBe('configuration-endpoint');
    expect(resolve({}, { SMEARCACHE_CLUSTER_ID: 'shop' }).discovery).toEqual({
      kind: 'cluster',
      clusterId: 'shop',
    });
  });

  it('yield to what is given in code', () => {
    expect(resolve({ schema: 'v3' }, { ...CONFIGURED, SMEARCACHE_SCHEMA: 'v2' }).schema).toBe('v3');
  });

  it('name no second cluster beside one that is given in code', () => {
    expect(resolve({ discovery: { clusterId: 'shop' } }, CONFIGURED).discovery.kind).toBe('cluster');
    expect(resolve({ discovery: NODES }, { SMEARCACHE_CLUSTER_ID: 'x' }).discovery.kind).toBe('nodes');
  });

  it('count as not set where they are empty', () => {
    expect(
      resolve({}, { ...CONFIGURED, SMEARCACHE_NODES: '', SMEARCACHE_SCHEMA: '', SMEARCACHE_DISABLED: '' }),
    ).toMatchObject({ discovery: { kind: 'configuration-endpoint' }, schema: undefined, disabled: false });
  });

  it.each([
    ['true', true],
    ['TRUE', true],
    ['1', true],
    ['false', false],
    ['0', false],
  ])('switch the cache off or on: %s', (text, disabled) => {
    expect(resolve({ discovery: NODES }, { SMEARCACHE_DISABLED: text }).disabled).toBe(disabled);
  });

  it.each([
    ['SMEARCACHE_DISABLED', 'maybe'],
    ['SMEARCACHE_DISABLED', 'constructor'],
    ['SMEARCACHE_CONNECT_TIMEOUT_MILLIS', 'soon'],
    ['SMEARCACHE_OPERATION_TIMEOUT_MILLIS', ' '],
    ['SMEARCACHE_SCHEMA', 'a:b'],
    ['SMEARCACHE_DIALECT', 'md5'],
    ['SMEARCACHE_SMEAR_COPY_TTL_SECONDS', '5s'],
    ['SMEARCACHE_SMEAR_AUTO', 'on'],
    ['SMEARCACHE_SMEAR_AUTO', '0.03'],
  ])('are named by their own name where they are wrong: %s=%s', (variable, text) => {
    const [problem, ...others] = problemsOf({ discovery: NODES }, { [variable]: text });
    expect(others).toEqual([]);
    expect(problem).toMatch(new RegExp(`^${variable} must be .*, got ${JSON.stringify(text)}$`));
  });

  it('are held to the rules of the options that they stand for', () => {
    expect(problemsOf({ discovery: NODES }, { SMEARCACHE_CONNECT_TIMEOUT_MILLIS: '-5' })).toEqual([
      'SMEARCACHE_CONNECT_TIMEOUT_MILLIS must be a number of milliseconds from 1 to 60000, got -5',
    ]);
  });

  it('are refused where they name two clusters', () => {
    expect(problemsOf({}, { ...CONFIGURED, SMEARCACHE_NODES: 'a:1' })).toHaveLength(1);
  });
});

describe('a cache that is switched off', () => {
  it('needs no nodes', () => {
    expect(resolve({ disabled: true }).discovery.kind).toBe('none');
    expect(resolve({}, { SMEARCACHE_DISABLED: 'true' }).disabled).toBe(true);
  });

  it('is refused wrong options all the same, so that switching it on holds no surprise', () => {
    expect(problemsOf({ disabled: true, schema: 'a:b', discovery: { nodes: [] } })).toHaveLength(2);
  });
});
