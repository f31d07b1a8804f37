import type { Kind } from '../workload.js';

/** The work of one entrant, and what is put into Redis for it before, untimed. */
export interface Entrant {
  /** Its name in tables and plots, unique in its heat. */
  readonly label: string;
  /** For example `bullmq.addBulk`: a file in `contenders`, and a name in it. */
  readonly contender: string;
  readonly work: Work;
  readonly before?: { readonly contender: string; readonly work: Work };
}

/** A task without what the arena adds, and without what is nearly always the same. */
export interface Work {
  readonly kind: Kind;
  readonly rows: number;
  readonly fromFile?: boolean;
  readonly batch?: string;
  readonly rowsPerJob?: number;
  readonly concurrency?: number;
  /**
   * Work of the same contender in the same process before the clock starts, for work too short to
   * hide how Node compiles.
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

/** The side that an entrant belongs to; plots choose its colour by that. */
export type Side = 'bullpen' | 'bullmq' | 'peer';

/** Finds the side by the file that a contender is in. */
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
  /** The peak memory of its process. */
  readonly rssMb: number;
  /** How many bytes its rows occupy in Redis. */
  readonly redisBytes: number;
}
