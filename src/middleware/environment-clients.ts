import type { Client } from '../client/client.ts';
import type { ResolvedOptions } from '../client/resolve-options.ts';

/**
 * The environment's clients, one an option set: handlers in one bundle that name the same cluster share sockets.
 *
 * A client is never rebuilt because its first connect failed; a failed connect is forgotten, and the next invocation
 * tries again.
 */
const clients = new Map<string, Client>();

/** Objects and functions are told apart by identity. */
const identities = new WeakMap<object, number>();
let lastIdentity = 0;

export function clientFor(options: ResolvedOptions, create: (options: ResolvedOptions) => Client): Client {
  const key = keyOf(options);
  const known = clients.get(key);
  if (known !== undefined) return known;
  const client = create(options);
  clients.set(key, client);
  return client;
}

function keyOf({ logger, AwsClient, awsClientOptions, tls, ...plain }: ResolvedOptions): string {
  // They may hold functions and contexts that no text can tell apart.
  const objects = [logger, AwsClient, awsClientOptions, tls];
  return JSON.stringify([plain, ...objects.map(identityOf)]);
}

function identityOf(object: object | undefined): number {
  if (object === undefined) return 0;
  const known = identities.get(object);
  if (known !== undefined) return known;
  lastIdentity += 1;
  identities.set(object, lastIdentity);
  return lastIdentity;
}
