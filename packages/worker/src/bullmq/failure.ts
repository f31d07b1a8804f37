import type { FailedEnding } from '../in-flight/queue-store.js';
import { bullmq } from './engine.js';

/**
 * An error of ours with the words of the handler's error. BullMQ takes some names and messages of
 * errors as commands (`DelayedError`, `bullmq:rateLimitExceeded`). A handler must not be able to
 * send one.
 */
export function failureOf({ outcome: { kind, error }, isFinal = false }: FailedEnding): Error {
  const { name, message, stack } = error;
  const failure = kind === 'failed' && !isFinal ? new Error() : new bullmq.UnrecoverableError();
  failure.message = isFinal ? message : `${name}: ${message}`;
  failure.stack = stack ?? failure.message;
  return failure;
}
