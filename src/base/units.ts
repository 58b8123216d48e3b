/** Milliseconds. Deadlines and intervals inside the package. */
export type Millis = number;
/** Whole seconds. What memcached counts, and what callers give as a time to live. */
export type Seconds = number;
/** Bytes of a value. */
export type Bytes = number;

/** The longest time to live memcached reads as a duration: above 30 days it is taken for a date. */
export const MAX_TTL_SECONDS: Seconds = 2_592_000;

/** A time that does not come. */
export const NEVER: Millis = Number.POSITIVE_INFINITY;
