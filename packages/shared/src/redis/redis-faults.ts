import { redactUrls } from './redis-url.js';

/**
 * What Redis refuses with. From inside a script, Redis before 7 says so in the middle of a longer
 * message: `ERR Error running script … -READONLY You can't …`.
 */
const refusal = (...words: string[]): RegExp => new RegExp(`(?:^|: -)(?:${words.join('|')})\\b`);

/**
 * "Not now": the primary moved, is starting, cannot save, has no memory left at the moment, or has
 * just forgotten its scripts.
 */
const NOT_NOW = refusal(
  ...['READONLY', 'LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN', 'BUSY', 'OOM', 'NOREPLICAS', 'MISCONF'],
  ...['UNBLOCKED', 'NOSCRIPT'],
);
const NOT_YOU = refusal('WRONGPASS', 'NOAUTH', 'NOPERM');
/** A node of a cluster says so to a client that takes it for all there is. */
const NOT_ALL = refusal('MOVED', 'ASK', 'CROSSSLOT');
/** What NOPERM reads like from inside a script: before Redis 7.2, and since. */
const NOT_YOUR_SCRIPT = /The user executing the script can't|ACL failure in script/;
const DOWN = refusal('CLUSTERDOWN');
const FULL = refusal('OOM');
const REPLICA = refusal('READONLY');

/** Whether Redis answered, and will do later what it refuses now. */
export function refusesForNow(error: unknown): boolean {
  return NOT_NOW.test(reasonOf(error));
}

/**
 * Whether Redis does not know us, or no longer: the password is wrong or missing, or we may not do
 * this; or it is a part of a cluster, and not what we take it for.
 */
export function refusesUs(error: unknown): boolean {
  const reason = reasonOf(error);
  return NOT_YOU.test(reason) || NOT_YOUR_SCRIPT.test(reason) || NOT_ALL.test(reason);
}

/** Whether a node of a cluster refuses because it is not all there is. */
export function isOfCluster(error: unknown): boolean {
  return NOT_ALL.test(reasonOf(error));
}

/** Whether the cluster, or this node of it, serves nobody now. */
export function isClusterDown(error: unknown): boolean {
  return DOWN.test(reasonOf(error));
}

/** Whether Redis has no room for what we wanted to write. */
export function isOutOfMemory(error: unknown): boolean {
  return FULL.test(reasonOf(error));
}

/** Whether we wrote to a replica: the primary is elsewhere by now. */
export function isReadonly(error: unknown): boolean {
  return REPLICA.test(reasonOf(error));
}

/**
 * Whether the connection broke before Redis answered: the command may have been carried out or not.
 */
export function isConnectionLoss(error: unknown): boolean {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  return (
    name === 'MaxRetriesPerRequestError' ||
    name === 'AbortError' ||
    name === 'ConnectionClosedError' ||
    (typeof code === 'string' && /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)/.test(code)) ||
    /Connection is closed|Stream isn't writeable|^Socket timeout/.test(reasonOf(error))
  );
}

/**
 * What an error says, without passwords; Node's "tried several addresses" error has an empty
 * message and the reasons inside.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ');
  return redactUrls(error instanceof Error ? error.message : String(error));
}
