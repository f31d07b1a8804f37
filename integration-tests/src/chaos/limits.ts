/**
 * The worker's limits in a chaos run. They are short, so that a lease can run out and a drain can
 * reach its end within seconds. The checker judges by the same numbers.
 */
export const LEASE_MS = 2_000;
export const DRAIN_TIMEOUT_MS = 600;
export const ABORT_GRACE_MS = 300;

/**
 * How long Redis may take to confirm the end of a drain, and how long after that the watchdog ends
 * the process.
 */
const CONFIRM_MS = 1_000;
const WATCHDOG_MS = 1_000;
/** What a busy machine with two cores may add to each of these. */
const NOISE_MS = 5_000;

/** The longest a worker may live after SIGTERM. */
export const STOP_LIMIT_MS = DRAIN_TIMEOUT_MS + ABORT_GRACE_MS + CONFIRM_MS + WATCHDOG_MS + NOISE_MS;
/**
 * A process that the machine kept waiting for this long while it stopped, in one piece or several,
 * may have had no time to confirm, or to exit.
 */
export const STARVED_MS = 500;
/** The watchdog ends a process whose event loop stands still for this long. */
export const STANDSTILL_MS = LEASE_MS + 1_000;

/**
 * A process or a Redis that stands still for less than this cannot lose a lease, as leases are
 * renewed when half of them has passed. A little less, for the renewal's own trip and timer.
 */
export const HARMLESS_MS = LEASE_MS / 2 - 150;

/**
 * How many processes may die under an ordinary job: far more than a run can kill, so that only a
 * poison job fails of it.
 */
export const STURDY_CRASHES = 50;
/** How many processes may die under a poison job. */
export const POISON_CRASHES = 3;
/** How many failed attempts end a job that always throws. */
export const MAX_ATTEMPTS = 4;
/** How long a failed attempt waits for the next one; jitter may take half of it away. */
export const BACKOFF_MS = 200;
export const BACKOFF_JITTER = 0.5;

/** How long after a handler's end its outcome may still travel to Redis. */
export const RECORDING_MS = 1_000;

/** A handler that keeps the event loop busy for this long outlasts every drain. */
export const SPIN_MS = 8_000;
/**
 * How long the end of a process may take after the last deadline of its drain, when its event loop
 * is busy.
 */
export const DEAF_MS = 1_500;
/** The longest that a job may wait while a healthy worker has a free slot for it. */
export const IDLE_LIMIT_MS = 7_000;
/** How much too early a timer may fire, by another process' clock. */
export const TIMER_MS = 20;
