import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { isObject, type Json } from '../local/template/json.ts';

/** One request to the local API. */
export interface ReplayedRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly body: string | undefined;
}

/** So many reads come to one write. */
const READS_A_WRITE = 20;

/** The requests that the HTTP API's events in a folder stand for, reads many times more often than writes. */
export async function requestsOf(folder: string): Promise<readonly ReplayedRequest[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).toSorted();
  const found = await Promise.all(
    files.map(async (file) => requestOf(JSON.parse(await readFile(path.join(folder, file), 'utf8')))),
  );
  const requests = found.filter((request) => request !== undefined);
  const reads = requests.filter(({ method }) => method === 'GET');
  const writes = requests.filter(({ method }) => method !== 'GET');
  if (reads.length === 0) throw new Error(`${folder} has no event of a GET by an HTTP API`);
  if (writes.length === 0) return reads;
  return writes.flatMap((write) => [
    ...Array.from({ length: READS_A_WRITE }, (_, i) => reads[i % reads.length]!),
    write,
  ]);
}

function requestOf(event: Json): ReplayedRequest | undefined {
  if (!isObject(event) || event.version !== '2.0' || !isObject(event.requestContext)) return undefined;
  const { http } = event.requestContext;
  if (!isObject(http)) return undefined;
  const query = event.rawQueryString ? `?${String(event.rawQueryString)}` : '';
  return {
    method: String(http.method),
    target: `${String(event.rawPath)}${query}`,
    body: typeof event.body === 'string' ? event.body : undefined,
  };
}
