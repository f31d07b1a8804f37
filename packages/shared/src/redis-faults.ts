import { redactUrls } from './redis-url.js';

/** Replies that mean "not now": the primary moved, is starting, cannot save, or has no memory left at the moment. */
const NOT_NOW = /^(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|NOREPLICAS|MISCONF|UNBLOCKED)\b/;

/** Whether Redis answered, and will do later what it refuses now. */
export function refusesForNow(error: unknown): boolean {
  return NOT_NOW.test(reasonOf(error));
}

/** Whether Redis does not know us, or no longer: the password is wrong or missing. */
export function refusesLogin(error: unknown): boolean {
  return /^(WRONGPASS|NOAUTH)\b/.test(reasonOf(error));
}

/** Whether the connection broke before Redis answered: the command may have been carried out or not. */
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

/** What an error says, without passwords; Node's "tried several addresses" error has an empty message and the reasons inside. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ');
  return redactUrls(error instanceof Error ? error.message : String(error));
}
