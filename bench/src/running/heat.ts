import type { Kind } from '../workload.js';

/** What one entrant does, and before that, untimed, what is put into Redis for it. */
export interface Entrant {
  /** Its name in tables and plots; unique in its heat. */
  readonly label: string;
  /** `bullmq.addBulk`: a file in `contenders`, and a name in it. */
  readonly contender: string;
  readonly work: Work;
  readonly before?: { readonly contender: string; readonly work: Work };
}

/** A task, but for what the arena adds and for what is nearly always the same. */
export interface Work {
  readonly kind: Kind;
  readonly rows: number;
  readonly fromFile?: boolean;
  readonly batch?: string;
  readonly rowsPerJob?: number;
  readonly concurrency?: number;
  /**
   * Work of the same contender in the same process, before the clock starts: for work too short to
   * forget how Node compiles.
   */
  readonly warmUp?: Work;
}

/**
 * Entrants that are compared with each other: in each round they run in turn, each on an empty
 * Redis.
 */
export interface Heat {
  readonly name: string;
  readonly entrants: readonly Entrant[];
}

/** Whose an entrant is; plots colour it by that. */
export type Side = 'bullpen' | 'bullmq' | 'peer';

/** Tells the side by the file that a contender is in. */
export function sideOf({ contender }: Entrant): Side {
  const [file] = contender.split('.');
  return file === 'bullpen' || file === 'bullmq' ? file : 'peer';
}

/** What one entrant did in one round. */
export interface Sample {
  readonly heat: string;
  readonly label: string;
  readonly round: number;
  readonly rows: number;
  readonly ms: number;
  readonly ownCpuUs: number;
  readonly redisCpuUs: number;
  /** The most memory its process took. */
  readonly rssMb: number;
  /** What its rows occupy in Redis. */
  readonly redisBytes: number;
}
