import { describe, expect, it } from 'vitest';
import { allFunctions, functionNamed } from '../../../scripts/local/template/functions.ts';
import { Template } from '../../../scripts/local/template/template.ts';

const template = new Template(
  `
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: nodejs24.x
    CodeUri: code
    MemorySize: 512
    Layers: [global]
    Environment: { Variables: { SHARED: global, OWN: global, COUNT: 3, FLAG: true } }
  Api: { BinaryMediaTypes: [image~1png] }
Resources:
  Http: { Type: AWS::Serverless::HttpApi, Properties: { StageName: v1 } }
  First:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: esbuild, BuildProperties: { EntryPoints: [a.ts] } }
    Properties:
      FunctionName: !Sub '\${AWS::StackName}-first'
      Handler: a.handler
      Timeout: 7
      Layers: [own]
      Environment: { Variables: { OWN: !Ref AWS::Region } }
      Events:
        One: { Type: HttpApi, Properties: { ApiId: !Ref Http, Method: get, Path: '/items/{id}' } }
        Two: { Type: HttpApi, Properties: { PayloadFormatVersion: '1.0', Path: /old } }
        All: { Type: HttpApi }
        Rest: { Type: Api, Properties: { Method: any, Path: '/{proxy+}' } }
        Timer: { Type: Schedule, Properties: { Schedule: rate(1 minute) } }
  Second: { Type: AWS::Serverless::Function, Properties: { Handler: b.handler, Runtime: python3.12 } }
`,
  '/project',
);

describe('a function', () => {
  const first = functionNamed(template, 'First');

  it('has its own properties over the global ones', () => {
    expect(first).toMatchObject({
      functionName: 'local-first',
      handler: 'a.handler',
      runtime: 'nodejs24.x',
      codeDirectory: '/project/code',
      memoryMegabytes: 512,
      timeoutSeconds: 7,
      build: { EntryPoints: ['a.ts'] },
      obstacle: undefined,
    });
  });

  it('has its variables merged with the global ones, all of them text', () => {
    expect(first.environment).toEqual({ SHARED: 'global', OWN: 'us-east-1', COUNT: '3', FLAG: 'true' });
  });

  it('has global lists in front of its own', () => {
    expect(template.properties(template.resource('First')!).Layers).toEqual(['global', 'own']);
  });

  it('has a route for each HTTP event', () => {
    expect(
      first.routes.map(({ api, payload, method, path, stage }) => [api, payload, method, path, stage]),
    ).toEqual([
      ['http', '2.0', 'GET', '/items/{id}', 'v1'],
      ['http', '1.0', 'ANY', '/old', '$default'],
      ['http', '2.0', 'ANY', '$default', '$default'],
      ['rest', '1.0', 'ANY', '/{proxy+}', 'Prod'],
    ]);
    expect(first.routes[3]!.binaryMediaTypes).toEqual(['image/png']);
  });
});

it('says why a function cannot run here', () => {
  expect(allFunctions(template).map(({ obstacle }) => obstacle)).toEqual([
    undefined,
    'its runtime is python3.12, not Node.js',
  ]);
});

it('lists the functions there are when asked for another', () => {
  expect(() => functionNamed(template, 'Third')).toThrow('no function Third; its functions: First, Second');
});

it.each([
  ['Timeout', 'abc', 'First: its Timeout must be a whole number from 1 to 900, got "abc"'],
  ['Timeout', '0', 'First: its Timeout must be a whole number from 1 to 900, got 0'],
  ['Timeout', '3000000', 'First: its Timeout must be a whole number from 1 to 900, got 3000000'],
  ['Timeout', '!Ref Limit', 'First: its Timeout must be a whole number from 1 to 900, got "Limit"'],
  ['MemorySize', '[1]', 'First: its MemorySize must be a whole number from 128 to 10240, got [1]'],
])('refuses a %s of %s', (property, value, message) => {
  const source = `
Parameters: { Limit: { Type: Number } }
Resources:
  First: { Type: AWS::Serverless::Function, Properties: { Handler: a.b, ${property}: ${value} } }`;
  expect(() => allFunctions(new Template(source, '/'))).toThrow(message);
});
