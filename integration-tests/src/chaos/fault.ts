/** What chaos does to a system. */
export const FAULT_KINDS = [
  'term',
  'double-term',
  'kill',
  'freeze',
  'block',
  'spin',
  'poison',
  'slow-poison',
  'starved',
  'stale-lease',
  'skewed-clock',
  'redis-kill',
  'redis-freeze',
  'redis-full',
  'redis-acl',
  'redis-flush',
  'cut',
  'cut-in-reply',
  'cut-blocking',
  'black-hole',
  'cancel',
  'batch',
  'producer-kill',
] as const;

/**
 * - `term`, `double-term`, `kill`, `freeze`: SIGTERM, SIGTERM twice, SIGKILL, SIGSTOP and later
 *   SIGCONT to a worker
 * - `block`: a handler keeps the event loop busy; `spin`: longer than a drain may last, and SIGTERM
 *   comes meanwhile
 * - `poison`: a handler kills its own process; `slow-poison`: among neighbours that take longer
 * - `stale-lease`: a worker wakes up in an attempt at a job whose id belongs to a new job by now, that
 *   was just left by a worker that died
 * - `skewed-clock`: the wall clock of a worker or the producer is set, by up to ten minutes
 * - `redis-kill`: SIGKILL and a start on the same data; `redis-freeze`: SIGSTOP and later SIGCONT
 * - `redis-full`: no memory is left for a while; `redis-acl`: a permission or the password is taken
 *   away for a while; `redis-flush`: FLUSHALL
 * - `cut`, `cut-in-reply`: all connections of a worker or the producer cut, or one in the middle of
 *   a reply
 * - `cut-blocking`: only the connections on which workers wait for jobs are cut, or all but the main
 *   ones; Redis may refuse new ones for a while
 * - `black-hole`: the network of a worker or the producer swallows everything for a while, and then
 *   its connections are cut
 * - `cancel`: a call that cancels a job
 * - `batch`: rows come from a file, and the producer is killed more often meanwhile; the batch may be
 *   cancelled in the middle
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
  /** Of `cut-blocking`: the workers whose connections were cut. */
  readonly victims?: readonly number[];
  /** Of `redis-full`: more than the limit was in use all the time, so every insert had to be refused. */
  readonly throughout?: boolean;
}

/** Comes with the jobs, or with the machine. */
type OfJobs = 'starved' | 'block' | 'poison' | 'slow-poison' | 'cancel' | 'batch';

/** What a plan may ask for. */
export type InjectedKind = Exclude<FaultKind, OfJobs>;
