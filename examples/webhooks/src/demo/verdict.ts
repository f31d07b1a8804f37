import { CLOSED_SHOP } from '../orders/orders.js';
import type { ReceiverBooks } from '../receiving/receiver-books.js';
import type { BatchReport } from './producer-process.js';

/** Everything that is known at the end of a run. */
export interface Evidence {
  /** The event ids of the rows. */
  readonly eventIds: readonly string[];
  readonly books: Pick<ReceiverBooks, 'accepted' | 'gone' | 'forged' | 'mischief'>;
  /** The counts that Redis gave the producer. */
  readonly report: BatchReport;
  /** The worker that was killed, and the events of the jobs that it held. */
  readonly killed: { readonly name: string; readonly eventIds: ReadonlySet<string> };
}

/** The fate of the rows. */
export interface Verdict {
  readonly rows: number;
  readonly delivered: number;
  /** Not delivered the first time: the receiver answered 500 or 503, or broke the connection. */
  readonly atFirstFailed: number;
  readonly rejected: number;
  readonly lost: readonly string[];
  /** Delivered again, because their worker was killed before it could record the delivery. */
  readonly againAfterKill: number;
  /** Delivered again, because the receiver took them and the connection broke before its answer. */
  readonly againAfterLostAnswer: number;
  /** Everything that is wrong. Empty when all is well. */
  readonly faults: readonly string[];
}

/**
 * Compares the receiver's books with the rows. The promise of at-least-once is kept when nothing is
 * lost and every repetition has a known reason.
 */
export function judge({ eventIds, books, report, killed }: Evidence): Verdict {
  const faults: string[] = [];
  const lost = eventIds.filter((id) => !books.accepted.has(id) && !books.gone.has(id));
  if (lost.length > 0) faults.push(`lost: ${list(lost)}`);

  let againAfterKill = 0;
  let againAfterLostAnswer = 0;
  for (const [id, acceptances] of books.accepted) {
    // The last acceptance needs no reason. Each one before it was followed by a repetition.
    for (const acceptance of acceptances.slice(0, -1)) {
      if (acceptance.answerLost) againAfterLostAnswer += 1;
      else if (acceptance.sender === killed.name && killed.eventIds.has(id)) againAfterKill += 1;
      else faults.push(`delivered again for no known reason: ${id}, first by ${acceptance.sender}`);
    }
  }

  const known = new Set(eventIds);
  const strangers = [...books.accepted.keys()].filter((id) => !known.has(id));
  if (strangers.length > 0) faults.push(`delivered, but not in the file: ${list(strangers)}`);
  if (books.forged > 0) faults.push(`${books.forged} requests had no valid signature`);
  if (books.gone.size !== CLOSED_SHOP.rows) {
    faults.push(`${books.gone.size} rows were answered 410 Gone instead of ${CLOSED_SHOP.rows}`);
  }
  const { added, completed, failed } = report;
  if (added !== eventIds.length) faults.push(`the producer added ${added} rows of ${eventIds.length}`);
  if (completed !== books.accepted.size || failed !== books.gone.size) {
    faults.push(
      `Redis has ${completed} completed and ${failed} failed, the receiver took ${books.accepted.size} and turned away ${books.gone.size}`,
    );
  }
  const { error, busy, reset } = books.mischief;
  return {
    atFirstFailed: error + busy + reset,
    ...{ rows: eventIds.length, delivered: books.accepted.size, rejected: books.gone.size, lost },
    ...{ againAfterKill, againAfterLostAnswer, faults },
  };
}

const list = (ids: readonly string[]): string =>
  ids.length <= 3 ? ids.join(', ') : `${ids.slice(0, 3).join(', ')} and ${ids.length - 3} more`;
