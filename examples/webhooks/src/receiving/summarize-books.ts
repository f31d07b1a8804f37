import type { ReceiverBooks } from './receiver-books.js';

/** The most ids that are named of those that came again. */
const MAX_NAMED = 100;

/** What a receiver tells of its books over HTTP: counts, whatever the number of events. */
export interface BooksSummary {
  /** How many events it took. */
  readonly events: number;
  /** How often it took one: more than `events` when some came again. */
  readonly acceptances: number;
  /** Events it took more than once; at most 100 of them. */
  readonly again: readonly string[];
  /** How many acceptances were which attempt of the sender. */
  readonly attempts: Readonly<Record<string, number>>;
  /** How many acceptances came from which address. */
  readonly from: Readonly<Record<string, number>>;
  readonly gone: number;
  readonly forged: number;
  readonly connections: number;
  readonly mischief: ReceiverBooks['mischief'];
}

/** Counts what the books hold. */
export function summarizeBooks(books: ReceiverBooks): BooksSummary {
  const attempts: Record<string, number> = {};
  const from: Record<string, number> = {};
  const again: string[] = [];
  let acceptances = 0;
  for (const [id, times] of books.accepted) {
    acceptances += times.length;
    if (times.length > 1 && again.length < MAX_NAMED) again.push(id);
    for (const { attempt, from: address = 'unknown' } of times) {
      attempts[attempt] = (attempts[attempt] ?? 0) + 1;
      from[address] = (from[address] ?? 0) + 1;
    }
  }
  const { forged, connections, mischief } = books;
  return {
    ...{ events: books.accepted.size, acceptances, again, attempts, from },
    ...{ gone: books.gone.size, forged, connections, mischief },
  };
}
