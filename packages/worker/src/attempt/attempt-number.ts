/** What tells which attempt at a job this is. */
export interface CountedJob {
  /** Attempts spent before this one. */
  readonly attemptsMade: number;
  readonly opts: { readonly attempts?: number | undefined };
}

/** Which attempt this is, counted from 1, and how many there may be. */
export function attemptNumber({ attemptsMade, opts }: CountedJob): { attempt: number; maxAttempts: number } {
  // Not below 1: a process that dies between a note and its record leaves the count one too low.
  return { attempt: Math.max(0, attemptsMade) + 1, maxAttempts: Math.max(1, opts.attempts ?? 1) };
}
