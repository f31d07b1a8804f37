import type { ActiveAttempt } from '../in-flight/active-attempts.js';

/**
 * Where a BullMQ job object keeps the attempt that it is for. Not by the job's id, which may have
 * two attempts here for a moment; not in a WeakMap, which costs the garbage collector more than
 * everything else we do for a job.
 */
const ATTEMPT = Symbol('attempt');

/** Remembers which attempt a job object is for. */
export function setAttempt(job: object, attempt: ActiveAttempt): void {
  (job as { [ATTEMPT]?: ActiveAttempt })[ATTEMPT] = attempt;
}

/** The attempt that a job object is for. */
export function attemptOf(job: object): ActiveAttempt | undefined {
  return (job as { [ATTEMPT]?: ActiveAttempt })[ATTEMPT];
}

/**
 * Forgets the attempt of a job that is done with: BullMQ's queue of fetched jobs can keep the job
 * object from the garbage collector for long.
 */
export function forgetAttempt(job: object): void {
  (job as { [ATTEMPT]?: ActiveAttempt | undefined })[ATTEMPT] = undefined;
}

/** Where a BullMQ job object keeps its `data` as Redis has it. */
const STORED = Symbol('stored');

/** Remembers a job's `data` as Redis has it. */
export function setStored(job: object, data: string): void {
  (job as { [STORED]?: string })[STORED] = data;
}

/**
 * A job's `data` as it was enqueued. A handler may have changed the one it was given, where its
 * schema hands on the very object.
 */
export function storedData(job: { readonly data: unknown }): unknown {
  const text = (job as { readonly [STORED]?: string })[STORED];
  return text === undefined ? job.data : JSON.parse(text);
}
