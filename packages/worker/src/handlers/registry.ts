import { type Fault, HandlersInvalid, type JobDefinition } from '@bullpen/shared';
import { type AnyHandler, isHandler } from './handler.js';

/** The handlers of one worker, by queue and then by job name. */
export type Registry = ReadonlyMap<string, ReadonlyMap<string, AnyHandler>>;

/**
 * Sorts handlers by queue. Refuses what would only go wrong later: no handlers at all, two handlers
 * for a job, a queue without handlers, or a job without a handler that is defined on one of these
 * queues: this worker would fetch it and reject it.
 * @param defined the jobs defined in this process
 * @param only serve only these queues; default all queues of the handlers
 * @throws HandlersInvalid with every fault
 */
export function buildRegistry(
  handlers: readonly AnyHandler[],
  defined: readonly JobDefinition[],
  only: readonly string[] | undefined,
): Registry {
  const registry = new Map<string, Map<string, AnyHandler>>();
  const faults: Fault[] = [];
  const fault = (path: string, reason: string): void => void faults.push({ path, reason });

  if (!Array.isArray(handlers)) fault('handlers', 'expected a list of what handle() returns');
  for (const handler of Array.isArray(handlers) ? handlers : []) {
    if (!isHandler(handler)) {
      fault('handlers', 'expected what handle() returns');
      continue;
    }
    const { name, queue } = handler.job;
    if (only !== undefined && !only.includes(queue)) continue;
    const names = registry.get(queue) ?? new Map<string, AnyHandler>();
    if (names.has(name)) fault(name, 'has two handlers; export one');
    registry.set(queue, names.set(name, handler));
  }
  for (const queue of only ?? []) {
    if (!registry.has(queue)) fault('queues', `no handler is for a job on queue '${queue}'`);
  }
  for (const job of defined) {
    if (registry.has(job.queue) && registry.get(job.queue)?.has(job.name) !== true) {
      fault(job.name, `is defined on queue '${job.queue}' at ${job.definedAt}, but has no handler here`);
    }
  }
  if (registry.size === 0 && faults.length === 0) fault('handlers', 'there are none');
  if (faults.length > 0) throw new HandlersInvalid('cannot start the worker', faults);
  return registry;
}
