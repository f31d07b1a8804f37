import { HandlersInvalid } from '@bullpen/shared';
import { loadModule, suggest } from '@bullpen/shared/internal';
import { type AnyHandler, isHandler } from '../handlers/handler.js';
import type { QueueOption } from '../worker-options.js';

/**
 * Loads the handlers that a module exports.
 * @throws ModuleInvalid when the module cannot be loaded or exports no handler; HandlersInvalid
 *   when it exports none for a queue of `queues`
 */
export async function loadHandlers(path: string, queues: readonly QueueOption[]): Promise<AnyHandler[]> {
  const handlers = await loadModule(path, {
    ...{ flag: '--handlers', what: 'handler', madeBy: 'handle()' },
    is: isHandler,
  });
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
