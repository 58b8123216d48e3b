import { expect, it } from 'vitest';
import { parseParameterOverrides } from '../../../scripts/local/template/parameters.ts';

it.each([
  [['A=1'], { A: '1' }],
  [['A=1,B=2'], { A: '1', B: '2' }],
  [['A=1 B=2'], { A: '1', B: '2' }],
  [['A=1', 'B=2'], { A: '1', B: '2' }],
  [['Subnets=a,b,Stage=prod'], { Subnets: 'a,b', Stage: 'prod' }],
  [['Query=a=b'], { Query: 'a=b' }],
  [['Empty='], { Empty: '' }],
  [['ParameterKey=A,ParameterValue=1'], { A: '1' }],
  [['ParameterKey=A,ParameterValue=1 ParameterKey=B,ParameterValue=2'], { A: '1', B: '2' }],
  [['ParameterKey=A,ParameterValue=1,ParameterKey=B,ParameterValue=2'], { A: '1', B: '2' }],
  [['ParameterKey=Subnets,ParameterValue=a,b'], { Subnets: 'a,b' }],
  [['ParameterKey=Text,ParameterValue="two words"'], { Text: 'two words' }],
])('reads %j', (given, expected) => {
  expect(parseParameterOverrides(given)).toEqual(expected);
});

it('refuses an override without a name', () => {
  expect(() => parseParameterOverrides(['prod'])).toThrow('Name=value, got prod');
});
