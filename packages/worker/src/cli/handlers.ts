import { HandlersInvalid } from '@bullpen/shared';
import { loadModule, suggest } from '@bullpen/shared/internal';
import { type Handler, isHandler } from '../handlers/handler.js';
import type { QueueOption } from '../worker-options.js';

/**
 * Loads what a module exports of `handle()`.
 * @throws ModuleInvalid, or HandlersInvalid when there are none, or none for a queue that is to be
 *   served
 */
export async function loadHandlers(path: string, queues: readonly QueueOption[]): Promise<Handler[]> {
  const handlers = [...new Set((await loadModule(path, '--handlers')).flat())].filter(isHandler);
  if (handlers.length === 0) {
    throw new HandlersInvalid('cannot start the worker', [
      { path: '--handlers', reason: `${path} exports no handler; export what handle() returns` },
    ]);
  }
  checkQueueNames(queues, handlers);
  return handlers;
}

function checkQueueNames(queues: readonly QueueOption[], handlers: readonly Handler[]): void {
  const known = [...new Set(handlers.map(({ job }) => job.queue))];
  const faults = queues
    .filter(({ name }) => !known.includes(name))
    .map(({ name }) => ({
      path: '--queue',
      reason: `no handler is for queue '${name}'.${suggest(name, known) || ` There is: ${known.join(', ')}.`}`,
    }));
  if (faults.length > 0) throw new HandlersInvalid('cannot start the worker', faults);
}
