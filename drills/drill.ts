/** How a drill is to be run. */
export interface Course {
  /** How long its load runs. */
  readonly seconds: number;
  /** The full form, where the usual one is scaled down. */
  readonly long: boolean;
  readonly seed: number;
}

/** What came of it. */
export interface Report {
  /** One line. */
  readonly line: string;
  /** What makes it fail, in words; none where all is well. */
  readonly faults: readonly string[];
  /** Sockets and timers that outlived `close()`. */
  readonly left: readonly string[];
}

export interface Drill {
  /** For `--only`. */
  readonly name: string;
  run(course: Course): Promise<Report>;
}
