/**
 * The worker's limits in a chaos run: short, so that a lease can run out, and a drain reach its
 * end, within seconds. The checker judges by the same numbers.
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
/** What a machine of two busy cores may add to any of these. */
const NOISE_MS = 5_000;

/** The longest a worker may live after SIGTERM. */
export const STOP_LIMIT_MS = DRAIN_TIMEOUT_MS + ABORT_GRACE_MS + CONFIRM_MS + WATCHDOG_MS + NOISE_MS;
/**
 * Who was kept waiting by the machine for this long while it stopped, in however many pieces, may
 * have had no time to confirm, or to exit.
 */
export const STARVED_MS = 500;
/** An event loop that stands still for this long has its process ended by the watchdog. */
export const STANDSTILL_MS = LEASE_MS + 1_000;

/**
 * A process or a Redis that stands still for less than this cannot lose a lease: leases are renewed
 * when half of them has passed. A little off for the renewal's own trip and timer.
 */
export const HARMLESS_MS = LEASE_MS / 2 - 150;

/**
 * How often an ordinary job may lose its process. Far more than a run can bring about, so that only
 * a poison job fails of it.
 */
export const STURDY_CRASHES = 50;
/** How often a poison job may. */
export const POISON_CRASHES = 3;
/** How many failed attempts end a job that always throws. */
export const MAX_ATTEMPTS = 4;
/** How much too early a timer may be, by another clock. */
export const TIMER_MS = 20;
