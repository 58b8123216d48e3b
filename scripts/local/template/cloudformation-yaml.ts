import { parse, type Tags } from 'yaml';
import type { Json } from './json.ts';

/** What each short tag stands for: `!Sub x` is `{ "Fn::Sub": "x" }`, only these two carry no prefix. */
const UNPREFIXED = ['Ref', 'Condition'];
const FUNCTIONS = [
  'And',
  'Base64',
  'Cidr',
  'Equals',
  'FindInMap',
  'GetAtt',
  'GetAZs',
  'If',
  'ImportValue',
  'Join',
  'Length',
  'Not',
  'Or',
  'Select',
  'Split',
  'Sub',
  'ToJsonString',
  'Transform',
];

/** The yaml package wants one tag for each kind of node that it may stand on. */
function shortTag(name: string, longName: string): Tags {
  const tag = `!${name}`;
  return [
    { tag, resolve: (text: string) => ({ [longName]: scalarArgument(longName, text) }) },
    { tag, collection: 'seq', resolve: (node) => ({ [longName]: node.toJSON() }) },
    { tag, collection: 'map', resolve: (node) => ({ [longName]: node.toJSON() }) },
  ];
}

/** `!GetAtt Cluster.Endpoint.Port` names a resource and an attribute that may hold dots itself. */
function scalarArgument(longName: string, text: string): Json {
  if (longName !== 'Fn::GetAtt') return text;
  const dot = text.indexOf('.');
  return dot < 0 ? [text, ''] : [text.slice(0, dot), text.slice(dot + 1)];
}

const CUSTOM_TAGS = [
  ...UNPREFIXED.flatMap((name) => shortTag(name, name)),
  ...FUNCTIONS.flatMap((name) => shortTag(name, `Fn::${name}`)),
];

/** Parses a CloudFormation template, YAML or JSON, with every short tag in its long form. */
export function parseCloudFormation(source: string): Json {
  return parse(source, { customTags: CUSTOM_TAGS, merge: true }) as Json;
}
