import { describe, expect, it } from 'vitest';
import { type LocalValues, Template } from '../../../scripts/local/template/template.ts';

const HEADER = `
Parameters:
  Stage: { Type: String, Default: dev, AllowedValues: [dev, prod] }
  Subnets: { Type: 'List<AWS::EC2::Subnet::Id>' }
  Zones: { Type: CommaDelimitedList, Default: 'a, b,c' }
  VpcId: { Type: 'AWS::EC2::VPC::Id' }
  Count: { Type: Number, Default: 4 }
Mappings:
  Sizes:
    dev: { Memory: 256 }
    prod: { Memory: !Ref Count }
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsDev: !Not [Condition: IsProd]
  Never: !And [!Condition IsProd, !Condition IsDev]
  Always: !Or [!Condition IsProd, !Condition IsDev]
  IsFour: !Equals [!Ref Count, 4]
Resources:
  Cluster: { Type: 'AWS::ElastiCache::CacheCluster' }
  Table: { Type: 'AWS::DynamoDB::Table', Properties: { TableName: !Sub 'items-\${Stage}' } }
  Hidden: { Type: 'AWS::DynamoDB::Table', Condition: IsProd }
  Probe:
    Type: Test::Probe
    Properties:
      Value: `;

/** What `expression` evaluates to. */
function evaluate(expression: string, parameterOverrides = {}, localValues: LocalValues = {}): unknown {
  const template = new Template(HEADER + expression, '/project', { parameterOverrides, localValues });
  return template.evaluate(template.properties(template.resource('Probe')!).Value);
}

describe('functions of CloudFormation', () => {
  it.each([
    ['!Ref Stage', 'dev'],
    ['!Ref Count', 4],
    ['!Ref Zones', ['a', 'b', 'c']],
    ['!Ref AWS::Region', 'us-east-1'],
    ['!Ref Table', 'items-dev'],
    ['!Ref Cluster', 'Cluster'],
    ['!Ref ServerlessHttpApi', 'ServerlessHttpApi'],
    ['!GetAtt Cluster.ConfigurationEndpoint.Port', 'Cluster.ConfigurationEndpoint.Port'],
    ['!GetAtt [Table, Arn]', 'arn:aws:local:us-east-1:123456789012:items-dev'],
    [`!Sub '\${Stage}-\${AWS::AccountId}-\${!Literal}'`, `dev-123456789012-\${Literal}`],
    [`!Sub '\${Cluster.ConfigurationEndpoint.Address}'`, 'Cluster.ConfigurationEndpoint.Address'],
    [`!Sub ['\${Stage}/\${Own}', { Own: !Select [1, !Ref Zones] }]`, 'dev/b'],
    ['!If [IsProd, 1, !If [IsDev, 2, 3]]', 2],
    ['!If [Never, yes, no]', 'no'],
    ['!If [Always, x, y]', 'x'],
    ['!If [IsFour, x, y]', 'x'],
    ["!Join ['-', [a, !Ref Stage, b]]", 'a-dev-b'],
    ["!Join ['+', !Ref Zones]", 'a+b+c'],
    ["!Select [0, !Split [':', 'host:port']]", 'host'],
    ['!FindInMap [Sizes, !Ref Stage, Memory]', 256],
    ['!FindInMap [Sizes, none, Memory, { DefaultValue: 128 }]', 128],
    ['!Base64 text', 'dGV4dA=='],
    [`{ 'Fn::Sub': '\${Stage}' }`, 'dev'],
    ['{ a: !Ref AWS::NoValue, b: [1, !Ref AWS::NoValue, 2] }', { b: [1, 2] }],
    ['{ Condition: { StringEquals: { k: !Ref Stage } } }', { Condition: { StringEquals: { k: 'dev' } } }],
  ])('evaluates %s', (expression, expected) => {
    expect(evaluate(expression)).toEqual(expected);
  });

  it('evaluates with overridden parameters', () => {
    expect(
      evaluate('!If [IsProd, !FindInMap [Sizes, !Ref Stage, Memory], 0]', { Stage: 'prod', Count: '8' }),
    ).toBe('8');
  });

  it('takes the local stand-ins for a resource before its own names', () => {
    const localValues: LocalValues = {
      ref: ({ type }) => (type === 'AWS::DynamoDB::Table' ? 'local-table' : undefined),
      attribute: ({ name }, attribute) => (attribute.endsWith('Port') ? `port of ${name}` : undefined),
    };
    const expression = `!Sub '\${Table} \${Cluster.ConfigurationEndpoint.Port} \${Stage}'`;
    expect(evaluate(expression, {}, localValues)).toBe('local-table port of Cluster dev');
  });

  it('says which function it does not know', () => {
    expect(() => evaluate('!Transform { Name: Macro }')).toThrow('Fn::Transform, which is not supported');
    expect(() => evaluate('!If [Missing, 1, 2]')).toThrow('no condition Missing');
    expect(() => evaluate('!FindInMap [Sizes, none, Memory]')).toThrow('Sizes has no none.Memory');
  });
});

describe('a template', () => {
  it('leaves out resources whose condition does not hold', () => {
    const names = (Stage: string) =>
      new Template(`${HEADER} 1`, '/', { parameterOverrides: { Stage } })
        .resources('AWS::DynamoDB::Table')
        .map(({ name }) => name);
    expect(names('dev')).toEqual(['Table']);
    expect(names('prod')).toEqual(['Table', 'Hidden']);
  });

  it('lets a parameter without a value stand for its own name', () => {
    expect(evaluate('!Ref VpcId')).toBe('VpcId');
    expect(evaluate('!Ref Subnets')).toEqual(['Subnets']);
  });

  it('lists all that is wrong with the parameters', () => {
    const problems =
      'Stag is not a parameter; there are: Stage, Subnets, Zones, VpcId, Count; Stage must be one of dev, prod, got x';
    expect(() => evaluate('1', { Stag: 'x', Stage: 'x' })).toThrow(problems);
  });

  it.each([
    ['Resources: { A: { Type: A::B::C, Properties: { Name: !Ref A } } }', 'A -> A'],
    [
      `Resources: { A: { Type: A::B::C, Properties: { Name: !Sub '\${B}' } }, B: { Type: A::B::C, Properties: { Name: !GetAtt A.Arn } } }`,
      'A -> B -> A',
    ],
    [
      'Conditions: { A: !Not [Condition: B], B: !Not [Condition: A] }\nResources: { A: { Type: A::B::C, Condition: A } }',
      'condition A -> condition B -> condition A',
    ],
    [
      'Mappings: { M: { a: { b: !FindInMap [M, a, b] } } }\nResources: { A: { Type: A::B::C, Properties: { Name: !FindInMap [M, a, b] } } }',
      'mapping M.a.b -> mapping M.a.b',
    ],
  ])('names the circle that its parts refer to each other in: %s', (source, circle) => {
    const names = () => {
      const circular = new Template(source, '/');
      return circular.resources('A::B::C').map(({ name }) => circular.ref(name));
    };
    expect(names).toThrow(`the template refers to itself in a circle: ${circle}`);
  });

  it('may name one thing twice', () => {
    expect(evaluate(`!Sub '\${Table} \${Table} \${Table.Arn}'`)).toMatch(/^items-dev items-dev arn:/);
  });

  it('is refused without resources', () => {
    expect(() => new Template('Parameters: {}', '/')).toThrow('needs a Resources section');
  });
});
