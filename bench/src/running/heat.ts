import type { Timed } from '../stopwatch.js';
import type { Task } from '../task.js';

/** The work of one entrant, and what is put into Redis for it before, untimed. */
export interface Entrant {
  /** Its name in tables and plots, unique in its heat. */
  readonly label: string;
  /** For example `bullmq.bulk`: a file in `contenders`, and a way of working. */
  readonly contender: string;
  readonly work: Work;
  readonly before?: readonly { readonly contender: string; readonly work: Work }[];
  /** The label of the entrant that its ratios are to; the heat's first without it. */
  readonly base?: string;
  /** Runs on Node 24: for libraries that ask for it, and for the baseline of these. */
  readonly onNode24?: boolean;
}

/** A task without what the arena adds; what is left out is as in {@link PLAIN}. */
export type Work = Pick<Task, 'kind' | 'rows'> &
  Partial<Omit<Task, 'redis' | 'file'>> & {
    readonly fromFile?: boolean;
    /**
     * Work of the same contender in the same process before the clock starts, for work too short to
     * hide how Node compiles.
     */
    readonly warmUp?: Work;
  };

/** What is nearly always the same. */
export const PLAIN = {
  ...{
    batch: 'bench',
    rowsPerJob: 1,
    concurrency: 1,
    handlerMs: 0,
    events: 'ends',
    fetchAhead: true,
    queues: 1,
    workers: 1,
  },
} as const satisfies Partial<Task>;

/**
 * Entrants that are compared with each other: in each round they run in turn, each on an empty
 * Redis.
 */
export interface Heat {
  readonly name: string;
  readonly entrants: readonly Entrant[];
  /**
   * Whether the entrants of a round run at the same time, each with a Redis of its own: for those
   * that only wait.
   */
  readonly sideBySide?: boolean;
  /** Whether it is about the memory that rows occupy in Redis. */
  readonly weighsRedis?: boolean;
}

/** Whose ratios an entrant's are. */
export const baseOf = ({ entrants }: Heat, { base }: Entrant): string => base ?? entrants[0]?.label ?? '';

/** The side that an entrant belongs to; plots choose its colour by that. */
export type Side = 'bullpen' | 'bullmq' | 'peer';

/** Finds the side by the file that a contender is in. */
export function sideOf({ contender }: Entrant): Side {
  const [file] = contender.split('.');
  return file === 'bullpen' || file === 'bullmq' ? file : 'peer';
}

/** What one entrant did in one round. */
export interface Sample extends Timed {
  readonly heat: string;
  readonly label: string;
  readonly round: number;
  /** The peak memory of its process. */
  readonly rssMb: number;
  /** How many bytes its rows occupy in Redis, where that was measured. */
  readonly redisBytes?: number;
}
