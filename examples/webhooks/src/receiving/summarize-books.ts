import type { ReceiverBooks } from './receiver-books.js';

/** At most this many ids of events that came again are listed. */
const MAX_NAMED = 100;

/** The summary of the books that the receiver shows over HTTP; short for any number of events. */
export interface BooksSummary {
  /** How many events were accepted. */
  readonly events: number;
  /** How many acceptances there were: more than `events` when some events came again. */
  readonly acceptances: number;
  /** Events that were accepted more than once; at most 100 of them. */
  readonly again: readonly string[];
  /** The number of acceptances, by the number of the sender's attempt. */
  readonly attempts: Readonly<Record<string, number>>;
  /** The number of acceptances, by the address of the sender. */
  readonly from: Readonly<Record<string, number>>;
  readonly gone: number;
  readonly forged: number;
  readonly connections: number;
  readonly mischief: ReceiverBooks['mischief'];
}

/** Summarizes the books. */
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
