/** How many finished jobs a queue keeps, and for how long (ms). */
export interface KeptJobs {
  readonly keepCompleted: number;
  readonly keepCompletedFor: number;
  readonly keepFailed: number;
  readonly keepFailedFor: number;
}

/** What a queue keeps unless a worker was told otherwise. */
export const KEPT_JOBS: KeptJobs = {
  keepCompleted: 10_000,
  keepCompletedFor: 24 * 60 * 60 * 1000,
  keepFailed: 100_000,
  keepFailedFor: 30 * 24 * 60 * 60 * 1000,
};
