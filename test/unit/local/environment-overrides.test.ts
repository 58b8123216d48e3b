import { expect, it } from 'vitest';
import { parseEnvironmentOverrides } from '../../../scripts/local/environment-overrides.ts';
import { functionNamed, functionNames } from '../../../scripts/local/template/functions.ts';
import { Template } from '../../../scripts/local/template/template.ts';

const template = new Template(
  `Resources:
  First: { Type: AWS::Serverless::Function, Properties: { Handler: a.b, FunctionName: named } }
  Second: { Type: AWS::Serverless::Function, Properties: { Handler: a.b } }`,
  '/',
);
const overridesOf = (name: string, file: unknown) =>
  parseEnvironmentOverrides(JSON.stringify(file), 'env.json').variablesFor(functionNamed(template, name));

it('gives all functions the parameters, and each its own on top', () => {
  const file = { Parameters: { A: 'all', B: 'all', N: 1 }, First: { B: 'own' } };
  expect(overridesOf('First', file)).toEqual({ A: 'all', B: 'own', N: '1' });
  expect(overridesOf('Second', file)).toEqual({ A: 'all', B: 'all', N: '1' });
});

it('knows a function by its name too', () => {
  expect(overridesOf('First', { named: { A: '1' } })).toEqual({ A: '1' });
});

it('says which file is not as it should be', () => {
  expect(() => parseEnvironmentOverrides('{', 'env.json')).toThrow('env.json is not JSON');
  expect(() => parseEnvironmentOverrides('[]', 'env.json')).toThrow('env.json holds no object');
});

it('refuses a value that is not text', () => {
  expect(() => overridesOf('First', { First: { A: { b: 1 } } })).toThrow(
    'env.json: First.A is not text: {"b":1}',
  );
  expect(() => overridesOf('First', { Parameters: { A: [1] } })).toThrow(
    'env.json: Parameters.A is not text: [1]',
  );
});

it('warns of what it ignores', () => {
  const file = { Parameters: {}, First: {}, named: {}, Second: 'x', Frist: { A: '1' } };
  const overrides = parseEnvironmentOverrides(JSON.stringify(file), 'env.json');
  expect(overrides.warnings(functionNames(template))).toEqual([
    'env.json: Second is ignored, it holds no variables',
    'env.json: Frist is ignored, the template has no such function',
  ]);
});
