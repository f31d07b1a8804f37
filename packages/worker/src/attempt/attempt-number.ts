/** Which attempt at a job this is, counted from 1. */
export function attemptNumber(attemptsMade: number): number {
  // At least 1: a process that dies between a note and its record leaves the count one too low.
  return Math.max(0, attemptsMade) + 1;
}

/**
 * How many attempts a job may have: what is stored with it, or what its definition says, or 1.
 * Another client may have stored anything.
 */
export function maxAttemptsOf(stored: unknown, defined: number | undefined): number {
  return Number.isSafeInteger(stored) && Number(stored) >= 1 ? Number(stored) : (defined ?? 1);
}
