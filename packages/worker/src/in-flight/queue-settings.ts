import type { Events, Logger } from '@bullpen/shared';
import { DEFAULT_EVENTS, isEvents, META, queueKeys, writeDuration } from '@bullpen/shared/internal';
import type { ScriptedRedis } from '../redis/commands.js';
import { KEPT_JOBS, type KeptJobs } from './kept-jobs.js';

/** What counts for all workers of a queue. */
export interface SharedSettings extends KeptJobs {
  readonly events: Events;
}

const DEFAULTS: SharedSettings = { ...KEPT_JOBS, events: DEFAULT_EVENTS };
const NAMES = Object.keys(DEFAULTS) as (keyof SharedSettings)[];

/** What {@link QueueSettings} need. */
export interface QueueSettingsDeps {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
  readonly queues: readonly string[];
  /**
   * What this worker was told for a queue. What it was not told is as the queue has it, or the
   * default.
   */
  readonly told: (queue: string) => Partial<SharedSettings>;
  readonly log: Logger;
}

/**
 * What the queues keep of their finished jobs, and which events they tell. The values stand in each
 * queue's meta, so that all its workers have the same. A worker that was told a value writes it when
 * it starts; the others read it within seconds. Two workers that were told different values say so.
 */
export class QueueSettings {
  readonly #deps: QueueSettingsDeps;
  readonly #known: Map<string, SharedSettings>;

  constructor(deps: QueueSettingsDeps) {
    this.#deps = deps;
    this.#known = new Map(deps.queues.map((queue) => [queue, { ...DEFAULTS, ...deps.told(queue) }]));
  }

  /** What counts for a queue, as far as this worker knows. */
  of(queue: string): SharedSettings {
    return this.#known.get(queue) ?? DEFAULTS;
  }

  /**
   * Writes what this worker was told, and reads the rest. Await it before the first fetch.
   * @throws what Redis throws
   */
  async load(): Promise<void> {
    const { redis, prefix } = this.#deps;
    for (const queue of this.#known.keys()) {
      const told = this.#deps.told(queue);
      const stored = await this.#read(queue);
      if (Object.keys(told).length > 0) await redis.bullpenKeep(queueKeys(prefix, queue).meta, '1', ...fieldsOf(told));
      for (const name of NAMES) {
        const [was, is] = [stored[name], told[name]];
        if (was !== undefined && is !== undefined && was !== is) this.#reportChange(queue, name, was, is);
      }
      this.#known.set(queue, { ...DEFAULTS, ...stored, ...told });
    }
  }

  /**
   * Reads what stands in the queue's meta now. Writes what this worker was told if it does not
   * stand there any more: BullMQ's `obliterate` removes the meta. Never throws: without an answer
   * nothing changes.
   */
  async refresh(queue: string): Promise<void> {
    const before = this.#known.get(queue);
    const stored = await this.#read(queue).catch(() => undefined);
    if (before === undefined || stored === undefined) return;
    const { redis, prefix } = this.#deps;
    const told = this.#deps.told(queue);
    const settings = { ...before, ...stored };
    for (const name of NAMES) {
      const isTold = told[name] !== undefined;
      if (isTold && settings[name] !== before[name]) this.#reportChange(queue, name, before[name], settings[name]);
    }
    this.#known.set(queue, settings);
    const missing = NAMES.filter((name) => told[name] !== undefined && stored[name] === undefined);
    if (missing.length === 0) return;
    const values = Object.fromEntries(missing.map((name) => [name, settings[name]]));
    // Only if nobody has written it meanwhile.
    await redis.bullpenKeep(queueKeys(prefix, queue).meta, '', ...fieldsOf(values)).catch(() => undefined);
  }

  async #read(queue: string): Promise<Partial<SharedSettings>> {
    const { redis, prefix } = this.#deps;
    const stored = await redis.hmget(queueKeys(prefix, queue).meta, ...NAMES.map((name) => META[name]));
    return Object.fromEntries(
      NAMES.flatMap((name, at) => {
        const value = readValue(name, stored[at] ?? '');
        return value === undefined ? [] : [[name, value] as const];
      }),
    );
  }

  #reportChange(queue: string, name: keyof SharedSettings, was: number | string, is: number | string): void {
    const show = (value: number | string) => (name.endsWith('For') ? writeDuration(Number(value)) : value);
    this.#deps.log.warn(
      { queue, setting: name, was: show(was), is: show(is) },
      'processes of this queue were started with different values; the one that started last counts for all: give all of them the same',
    );
  }
}

/** Anybody may have written it. */
function readValue(name: keyof SharedSettings, text: string): number | Events | undefined {
  if (name === 'events') return isEvents(text) ? text : undefined;
  return /^[1-9]\d{0,15}$/.test(text) ? Number(text) : undefined;
}

const fieldsOf = (told: Partial<SharedSettings>): (string | number)[] =>
  NAMES.flatMap((name) => (told[name] === undefined ? [] : [META[name], told[name]]));
