/** Keys whose owner alone serves them, and keys that are smeared over three nodes. */
export const HOT_PREFIX = 'hot-';
const PLAIN_KEYS = Array.from({ length: 200 }, (_, i) => `plain-${i}`);
const HOT_KEYS = Array.from({ length: 8 }, (_, i) => `${HOT_PREFIX}${i}`);
export const KEYS: readonly string[] = [...PLAIN_KEYS, ...HOT_KEYS];
export const COPIES = 3;

export const SCHEMA = 'drill';
/** The key as it lies in memcached, and as it is placed. */
export const storedAs = (key: string): string => `${SCHEMA}:${key}`;
export const isHot = (key: string): boolean => key.startsWith(HOT_PREFIX);

/** Longer than any drill in its short form: what should have been deleted does not go by itself. */
export const TTL_SECONDS = 60;
/** The client's option of that name: what a reader waits at the most for the load of one that died. */
export const LOAD_TIMEOUT_MILLIS = 1_000;
/** A handler whose call takes longer has failed; Lambda would have ended it. */
export const INVOCATION_MILLIS = 5_000;

/** Past the client's minute between two looks at the node list, and its tenth of chance. */
export const PAST_A_LOOK_MILLIS = 67_000;
