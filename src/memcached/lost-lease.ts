import { type DeleteOutcome, NOT_FOUND } from '../base/outcome.ts';
import type { Millis } from '../base/units.ts';
import type { NodeTransport } from './transport.ts';

/**
 * Gives a lease back whose number went with its connection, so that nobody waits for it until it runs out: what lies there
 * now is looked at, and its stub goes, or a value (`keepStale`) is marked for the next reader to renew. That may be
 * somebody else's lease by now, who then loads for nothing; filling by it could bring an old value back.
 */
export async function giveLostLeaseBack(
  transport: NodeTransport,
  key: string,
  keepStale: boolean,
  endsAt: Millis,
): Promise<DeleteOutcome> {
  const found = await transport.look(key, undefined, endsAt);
  if (found.kind === 'unavailable') return found;
  if (found.kind === 'miss' || found.cas === undefined) return NOT_FOUND;
  const isStub = found.bytes === 0 && found.flags === 0;
  return isStub || keepStale ? transport.giveBack(key, found.cas, keepStale && !isStub, endsAt) : NOT_FOUND;
}
