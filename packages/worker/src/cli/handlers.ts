import { HandlersInvalid } from '@bullpen/shared';
import { loadModule, suggest } from '@bullpen/shared/internal';
import { type AnyHandler, isHandler } from '../handlers/handler.js';
import type { QueueOption } from '../worker-options.js';

/**
 * Loads the handlers that a module exports.
 * @throws ModuleInvalid, or HandlersInvalid when the module exports no handler, or none for a queue
 *   of `queues`
 */
export async function loadHandlers(path: string, queues: readonly QueueOption[]): Promise<AnyHandler[]> {
  const handlers = [...new Set((await loadModule(path, '--handlers')).flat())].filter(isHandler);
  if (handlers.length === 0) {
    throw new HandlersInvalid('cannot start the worker', [
      { path: '--handlers', reason: `${path} exports no handler; export what handle() returns` },
    ]);
  }
  checkQueueNames(queues, handlers);
  return handlers;
}

function checkQueueNames(queues: readonly QueueOption[], handlers: readonly AnyHandler[]): void {
  const known = [...new Set(handlers.map(({ job }) => job.queue))];
  const faults = queues
    .filter(({ name }) => !known.includes(name))
    .map(({ name }) => ({
      path: '--queue',
      reason: `no handler is for queue '${name}'.${suggest(name, known) || ` There is: ${known.join(', ')}.`}`,
    }));
  if (faults.length > 0) throw new HandlersInvalid('cannot start the worker', faults);
}
