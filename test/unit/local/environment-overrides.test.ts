import { expect, it } from 'vitest';
import { parseEnvironmentOverrides } from '../../../scripts/local/environment-overrides.ts';
import { functionNamed } from '../../../scripts/local/template/functions.ts';
import { Template } from '../../../scripts/local/template/template.ts';

const template = new Template(
  `Resources:
  First: { Type: AWS::Serverless::Function, Properties: { Handler: a.b, FunctionName: named } }
  Second: { Type: AWS::Serverless::Function, Properties: { Handler: a.b } }`,
  '/',
);
const overridesOf = (name: string, file: unknown) =>
  parseEnvironmentOverrides(JSON.stringify(file), 'env.json')(functionNamed(template, name));

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
