import { BatchConflict, BatchLost, type BatchRef, RedisUnavailable } from '@bullpen/shared';
import type { CursorMove, JobRow } from '../enqueue/chunk.js';
import type { BatchTotals, RowsReply } from '../enqueue/insert-reply.js';
import { tallyRejections } from '../enqueue/rejections.js';
import { untilRoom } from '../enqueue/until-room.js';
import { type ChunkRange, type RangedRows, restAfter } from './chunk-range.js';
import { sourceChanged } from './source-changed.js';

/** What a {@link ChunkSender} needs. */
export interface ChunkSenderDeps {
  readonly batch: BatchRef;
  readonly signal: AbortSignal | undefined;
  readonly insert: (rows: readonly JobRow[], move: CursorMove) => Promise<RowsReply>;
  /** Called after each inserted chunk with how far the batch is in all. */
  readonly onInserted: (totals: BatchTotals) => void;
  /** Called with how many jobs wait, several times a second while a chunk waits for room. */
  readonly onFull?: ((waiting: number) => void) | undefined;
}

/** The signal ended the wait for room on the queue. */
export class SendingInterrupted extends Error {}

/**
 * Sends the chunks of a batch in the order of the batch's cursor. Redis moves the cursor in the
 * same call that inserts the chunk. So a chunk that is inserted already is not sent again, whoever
 * inserted it: a call whose answer was lost, an earlier run, or another producer of the same batch.
 * When a part of a chunk is inserted, only the rest is sent.
 */
export class ChunkSender {
  readonly #deps: ChunkSenderDeps;
  #last: Promise<void> = Promise.resolve();

  constructor(deps: ChunkSenderDeps) {
    this.#deps = deps;
  }

  /**
   * @throws SourceInvalid when other rows are inserted already; BatchConflict when the batch was
   *   cancelled; BatchLost when its books are gone; SendingInterrupted; RedisUnavailable when Redis lost rows
   *   that it had accepted; any error of `insert`
   */
  send(rows: readonly JobRow[], range: ChunkRange): Promise<void> {
    const before = this.#last;
    const sent = this.#send({ rows, range }, before);
    this.#last = sent;
    // The caller hears of a failure. The next chunk hears of it too, but may never come.
    sent.catch(() => undefined);
    return sent;
  }

  async #send(chunk: RangedRows, before: Promise<void>): Promise<void> {
    const { batch, insert, onInserted, signal, onFull } = this.#deps;
    let rest = chunk;
    let waited = false;
    for (;;) {
      const { rows, range } = rest;
      const { rejectedRows, checksums, ...covered } = range;
      const move = { ...covered, rejected: tallyRejections(rejectedRows.values()) };
      const reply = await untilRoom(() => insert(rows, move), signal, onFull);
      switch (reply.kind) {
        case 'ok':
          onInserted(reply.counts);
          return;
        case 'full':
          throw new SendingInterrupted('interrupted while the queue was full');
        case 'cancelled':
          throw new BatchConflict(batch, `batch '${batch.name}' was cancelled; nothing more is added to it`);
        case 'gone':
          throw new BatchLost(batch, 'while its rows were enqueued');
        case 'ahead':
        case 'elsewhere':
          if (reply.read < range.from) {
            // The chunk before this one is still on its way. Afterwards the cursor must be here.
            if (waited) throw rowsLost(batch, range.from, reply.read);
            await before;
            waited = true;
          } else {
            const left = restAfter(rest, reply, batch);
            if (left === undefined) return;
            rest = left;
          }
          break;
        default:
          throw sourceChanged(batch);
      }
    }
  }
}

/**
 * Redis had accepted rows and has lost them. That happens when a failover or a power failure takes
 * its last writes. The next run adds these rows.
 */
function rowsLost({ name }: BatchRef, was: number, is: number): RedisUnavailable {
  return new RedisUnavailable(
    `Redis has lost rows of batch '${name}' that it had accepted, in a failover or a restart: the batch was read up to row ${was} and is at row ${is} now; run it again, and it goes on from there`,
    { unanswered: true },
  );
}
