import { redactUrls } from '../job/redact-urls.js';

/**
 * Matches a reply that begins with one of these words. Redis before 7 puts such a reply of a script
 * into a longer message: `ERR Error running script … -READONLY You can't …`.
 */
const refusal = (...words: string[]): RegExp => new RegExp(`(?:^|: -)(?:${words.join('|')})\\b`);

/**
 * "Not now": the primary moved, is starting, cannot save, is out of memory at the moment, has as
 * many clients as it may have, or has lost its scripts in a restart.
 */
const NOT_NOW = refusal(
  ...['READONLY', 'LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN', 'BUSY', 'OOM', 'NOREPLICAS', 'MISCONF'],
  ...['UNBLOCKED', 'NOSCRIPT', 'ERR max number of clients'],
);
const FORBIDDEN = refusal('NOPERM');
const NOT_YOU = refusal('WRONGPASS', 'NOAUTH', 'NOPERM', 'DENIED');
/**
 * A node of a cluster answers this to a client that takes it for a server on its own. Which of the
 * answers it is depends on the keys: a script may find only in its middle that another node has one.
 */
const NOT_ALL = refusal('MOVED', 'ASK', 'CROSSSLOT', 'ERR Script attempted to access');
/** NOPERM from inside a script: before Redis 7.2, and since. */
const NOT_YOUR_SCRIPT = /The user executing the script can't|ACL failure in script/;
const DOWN = refusal('CLUSTERDOWN');
const REPLICA = refusal('READONLY');

/** Whether Redis answered, and refuses now what it will do later. */
export function refusesForNow(error: unknown): boolean {
  return NOT_NOW.test(reasonOf(error));
}

/**
 * Whether Redis refuses this client: the password is wrong or missing, the user may not run the
 * command, the server is in protected mode, or it is a node of a cluster and we did not address it
 * as one.
 */
export function refusesUs(error: unknown): boolean {
  const reason = reasonOf(error);
  return NOT_YOU.test(reason) || NOT_YOUR_SCRIPT.test(reason) || isOfCluster(error);
}

/** Whether our user may not run the command. */
export function isForbidden(error: unknown): boolean {
  return FORBIDDEN.test(reasonOf(error));
}

/** Whether a command, or a script in its middle, was refused because our user may not run it. */
export function lacksPermission(error: unknown): boolean {
  return isForbidden(error) || NOT_YOUR_SCRIPT.test(reasonOf(error));
}

/** Whether a node of a cluster refuses because the key is on another node. */
export function isOfCluster(error: unknown): boolean {
  return NOT_ALL.test(reasonOf(error));
}

/** Whether the cluster, or this node of it, serves no client now. */
export function isClusterDown(error: unknown): boolean {
  return DOWN.test(reasonOf(error));
}

/** Whether the server is a replica and refuses a write: the primary is another server now. */
export function isReadonly(error: unknown): boolean {
  return REPLICA.test(reasonOf(error));
}

/**
 * Whether the connection broke before Redis answered. Redis may have executed the command or not.
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
 * The message of an error without passwords. Node's error for several addresses has an empty
 * message and the reasons inside.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ');
  return redactUrls(error instanceof Error ? error.message : String(error));
}
