/** What chaos does to a system. */
export const FAULT_KINDS = [
  'term',
  'double-term',
  'kill',
  'freeze',
  'block',
  'poison',
  'starved',
  'redis-kill',
  'redis-freeze',
  'cut',
  'cut-in-reply',
  'black-hole',
  'producer-kill',
] as const;

/**
 * - `term`, `double-term`, `kill`, `freeze`: SIGTERM, SIGTERM twice, SIGKILL, SIGSTOP and later
 *   SIGCONT to a worker
 * - `block`: a handler keeps the event loop busy; `poison`: a handler kills its own process
 * - `redis-kill`: SIGKILL and a start on the same data; `redis-freeze`: SIGSTOP and later SIGCONT
 * - `cut`, `cut-in-reply`: all connections of a worker or the producer cut, or one in the middle of
 *   a reply
 * - `black-hole`: the network of a worker or the producer swallows everything for a while, and then
 *   its connections are cut
 * - `starved`: nobody's doing: the machine gave a worker no time. Measured by the worker's own
 *   clock.
 */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** One fault that was injected or measured. */
export interface Fault {
  readonly kind: FaultKind;
  /** The process it hit; undefined when it hit Redis, and so every process. */
  readonly pid?: number;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** What a plan may ask for. Blocks and poison come with the jobs. */
export type InjectedKind = Exclude<FaultKind, 'starved' | 'block' | 'poison'>;
