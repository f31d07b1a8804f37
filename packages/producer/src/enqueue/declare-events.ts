import type { Events, EventsOption } from '@bullpen/shared';
import { declaredEvents, META, queueKeys, type Redis } from '@bullpen/shared/internal';
import type { RedisAccess } from './redis-access.js';

/**
 * Declares on Redis which events the queues tell: of each queue once, before the first job is
 * inserted into it. The value of the process that declared last counts for all. A process that
 * changes the value of another one warns of it.
 */
export class EventsDeclaration {
  readonly #option: EventsOption | undefined;
  readonly #access: RedisAccess<Redis>;
  readonly #begun = new Map<string, Promise<void>>();
  readonly #done = new Set<string>();

  constructor(option: EventsOption | undefined, access: RedisAccess<Redis>) {
    this.#option = option;
    this.#access = access;
  }

  /**
   * Returns a promise only when the caller must wait.
   * @throws RedisUnavailable; the next call tries again
   */
  declare(queue: string): Promise<void> | undefined {
    const events = declaredEvents(this.#option, queue);
    if (events === undefined || this.#done.has(queue)) return undefined;
    const begun = this.#begun.get(queue) ?? this.#declare(queue, events).finally(() => this.#begun.delete(queue));
    this.#begun.set(queue, begun);
    return begun;
  }

  async #declare(queue: string, events: Events): Promise<void> {
    const { prefix, ask } = this.#access;
    const { meta } = queueKeys(prefix, queue);
    const before = await ask(async (redis) => {
      const found = await redis.hget(meta, META.events);
      if (found !== events) await redis.hset(meta, META.events, events);
      return found;
    });
    this.#done.add(queue);
    if (before === null || before === events) return;
    const text = `queue '${queue}' told '${before}' events, as another process had declared, and tells '${events}' now: give all producers and workers of the queue the same events`;
    process.emitWarning(text, { type: 'BullpenWarning', code: 'BULLPEN_EVENTS_DIFFER' });
  }
}
