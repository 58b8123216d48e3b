import { isObject, type Json, type JsonObject } from './json.ts';
import type { Template } from './template.ts';

/** An HTTP API speaks payload format 2.0 unless the event asks for 1.0; a REST API has a 1.0 of its own. */
export type ApiKind = 'http' | 'rest';

export interface Route {
  readonly functionName: string;
  readonly api: ApiKind;
  readonly payload: '1.0' | '2.0';
  /** In capitals; `ANY` for all. */
  readonly method: string;
  /** `/items/{id}`, `/files/{path+}`, or `$default`. */
  readonly path: string;
  readonly stage: string;
  /** Media types that a REST API passes on in base64. */
  readonly binaryMediaTypes: readonly string[];
}

const API_KINDS: Readonly<Record<string, ApiKind>> = { HttpApi: 'http', Api: 'rest' };

/** The HTTP routes among a function's events. */
export function routesOf(template: Template, functionName: string, events: Json | undefined): Route[] {
  if (!isObject(events)) return [];
  return Object.values(events).flatMap((declared) => {
    const event = isObject(declared) ? declared : {};
    const api = API_KINDS[String(event.Type)];
    if (api === undefined) return [];
    const properties = isObject(event.Properties) ? event.Properties : {};
    return [routeOf(template, functionName, api, properties)];
  });
}

function routeOf(template: Template, functionName: string, api: ApiKind, properties: JsonObject): Route {
  const read = (property: string) => template.evaluate(properties[property]);
  const definition = apiProperties(template, api, properties);
  const binaryMediaTypes = definition('BinaryMediaTypes');
  return {
    functionName,
    api,
    payload: api === 'rest' || read('PayloadFormatVersion') === '1.0' ? '1.0' : '2.0',
    method: String(read('Method') ?? 'ANY')
      .toUpperCase()
      .replace(/^X-AMAZON-APIGATEWAY-ANY-METHOD$|^\*$/, 'ANY'),
    path: String(read('Path') ?? '$default'),
    stage: String(definition('StageName') ?? (api === 'rest' ? 'Prod' : '$default')),
    // A slash in a media type is written `~1` in templates.
    binaryMediaTypes: Array.isArray(binaryMediaTypes)
      ? binaryMediaTypes.map((type) => String(type).replaceAll('~1', '/'))
      : [],
  };
}

/** Reads the API that the event names, or the implicit one that only `Globals` describe. */
function apiProperties(template: Template, api: ApiKind, properties: JsonObject) {
  const named = properties[api === 'http' ? 'ApiId' : 'RestApiId'];
  const name = isObject(named) && typeof named.Ref === 'string' ? named.Ref : '';
  const kind = api === 'http' ? 'HttpApi' : 'Api';
  const type = `AWS::Serverless::${kind}`;
  const resource = template.resource(name) ?? { name: '', type, declaration: {} };
  const declared = template.properties(resource);
  return (property: string) => template.evaluate(declared[property]);
}
