/** How often something was decided about a target, for one reason and by one rule. */
export interface Outcome {
  /** `close` when it was decided on an open tunnel, which is then cut. */
  readonly event: 'decision' | 'close';
  readonly decision: 'allow' | 'deny';
  readonly reason: string;
  readonly rule: string | undefined;
  readonly alias: string | undefined;
  /** Whether report-only mode let pass what would have been denied. */
  readonly reportOnly: boolean;
  readonly count: number;
}

/** A host and port that was asked for. */
export interface SeenTarget {
  readonly host: string;
  readonly port: number;
  /** Requests that a rule allowed. */
  readonly allowed: number;
  readonly denied: number;
  /** Requests that only report-only mode let pass. */
  readonly wouldDeny: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Milliseconds since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly outcomes: readonly Outcome[];
}

/** What was really used, as logs say. */
export interface Usage {
  /** By host and port. */
  readonly targets: readonly SeenTarget[];
  /** Lines that could be read, those that count for nothing included. */
  readonly lines: number;
  /** Lines that could not be read. */
  readonly unreadable: number;
  /** Lines that are not in `targets`, because those were too many. */
  readonly overflow: number;
  /** The first and the last moment of all, milliseconds since 1970; undefined when nothing was seen. */
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
}
