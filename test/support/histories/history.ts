/** Milliseconds of the machine's monotonic clock, which all its processes share and which goes on while one is frozen. */
export const machineMillis = (): number => Number(process.hrtime.bigint()) / 1e6;

/** How a read was done; each has a bound of its own. */
export const READ_KINDS = ['base get', 'smeared get', 'plain wrap', 'smeared wrap'] as const;
export type ReadKind = (typeof READ_KINDS)[number];

/** A read that gave a value. */
export interface Read {
  readonly kind: ReadKind;
  readonly key: string;
  /** Of the value that was given. */
  readonly version: number;
  readonly worker: number;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** The worker of writes that none of the caches under test did. */
export const FOREIGN = -1;

/** A commit to the origin, and the delete that followed it. Of one key, versions rise by one with each. */
export interface Write {
  readonly key: string;
  readonly version: number;
  readonly worker: number;
  readonly committedAt: number;
  /** When the writer knew that its delete was acknowledged; missing where it never was. */
  readonly acknowledgedAt?: number | undefined;
}

export interface History {
  readonly reads: readonly Read[];
  readonly writes: readonly Write[];
}

/** By how many milliseconds a value may be out of date when a read of it starts. */
export type Bounds = Readonly<Record<ReadKind, number>>;
