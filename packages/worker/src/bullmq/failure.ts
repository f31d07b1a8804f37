import { UnrecoverableError } from 'bullmq';
import type { FailedEnding } from '../in-flight/queue-store.js';

/**
 * An error of our own making that says what the handler's said. BullMQ reads an error's name and
 * message as commands (`DelayedError`, `bullmq:rateLimitExceeded`); what a handler threw must give
 * it none.
 */
export function failureOf({ outcome: { kind, error }, isFinal = false }: FailedEnding): Error {
  const { name, message, stack } = error;
  const failure = kind === 'failed' && !isFinal ? new Error() : new UnrecoverableError();
  failure.message = isFinal ? message : `${name}: ${message}`;
  failure.stack = stack ?? failure.message;
  return failure;
}
