/** What is killed while a batch is enqueued and attempted. */
type Victim = 'producer' | 'redis' | 'worker';

/** One way to bring a batch to its end through kills. */
export interface Scenario {
  readonly name: string;
  readonly says: string;
  readonly victim: Victim;
  /** How many producers enqueue the batch at the same time. */
  readonly producers: number;
  /** The share of the kills that were asked for: Redis takes longer to restart than a producer. */
  readonly share: number;
  /** Whether the source is piped to the standard input, anew each time. */
  readonly stdin?: true;
  /** Whether rows have keys, some of them more than once. */
  readonly keyed?: true;
  /**
   * Whether the producer waits for the workers. If not, it is done before many kills can hit it.
   */
  readonly slowed?: true;
  /**
   * How long a worker's right to a job lasts. It is long where no worker is killed, so that nothing
   * takes a job from a worker that a busy machine keeps waiting.
   */
  readonly leaseMs: number;
  /** How long the books are kept; the proof then waits until they are gone. */
  readonly keepMs?: number;
  /** How long a producer waits for Redis before it exits 69. */
  readonly redisTimeoutMs: number;
}

const CALM = { victim: 'producer', producers: 1, share: 1, leaseMs: 60_000, redisTimeoutMs: 20_000 } as const;

export const SCENARIOS: readonly Scenario[] = [
  { ...CALM, name: 'kills', says: 'the producer is killed and started again', slowed: true },
  {
    ...CALM,
    ...{ name: 'redis-restarts', says: 'Redis is killed and started again; the producer, when it gave up' },
    ...{ victim: 'redis', share: 0.2, slowed: true, redisTimeoutMs: 400 },
  },
  {
    ...CALM,
    ...{ name: 'two-producers', says: 'two producers at one batch, each killed and started again' },
    ...{ producers: 2, slowed: true },
  },
  { ...CALM, name: 'worker-kills', says: 'workers are killed and started again', victim: 'worker', leaseMs: 5_000 },
  {
    ...CALM,
    ...{ name: 'stdin', says: 'as kills, at full speed, from the standard input; then the books expire' },
    ...{ stdin: true, keepMs: 20_000 },
  },
  { ...CALM, name: 'keyed', says: 'as kills, with keys that occur twice', keyed: true, slowed: true },
];
