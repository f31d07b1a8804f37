import { BatchConflict, RedisUnavailable, SourceInvalid } from '@bullpen/shared';
import type { BatchPart, BatchTotals, Inserted, JobRow } from '../enqueue/insert.js';
import { untilRoom } from '../enqueue/until-room.js';

/** What a chunk of a batch covers. */
export interface ChunkSeal {
  readonly from: number;
  readonly to: number;
  readonly fromChecksum: string;
  readonly toChecksum: string;
  /** The running checksum after each row that it covers. */
  readonly checksums: readonly number[];
  /** The rows between that were rejected. */
  readonly rejectedRows: readonly number[];
  readonly isLast: boolean;
}

/** What {@link ChunkSender} needs. */
export interface ChunkSending {
  readonly batch: string;
  readonly signal: AbortSignal | undefined;
  readonly insert: (
    rows: readonly JobRow[],
    covers: Pick<BatchPart, 'from' | 'to' | 'fromChecksum' | 'toChecksum' | 'rejected' | 'isLast'>,
  ) => Promise<Inserted>;
  /** Is told how far the batch is in all, after each chunk that went in. */
  readonly inserted: (totals: BatchTotals) => void;
  /** Is told how many jobs wait, again and again while a chunk waits for room. */
  readonly onFull?: ((waiting: number) => void) | undefined;
}

/** Thrown when the wait for room was ended by the signal. */
export class SendingInterrupted extends Error {}

/**
 * Sends the chunks of a batch by the batch's own cursor, which Redis moves in the very call that
 * inserts. So a chunk that is in already, whoever sent it (an answer that was lost, the run before
 * this one, another producer at the same batch), is passed over, and one that is in by half is sent
 * by the other half.
 */
export class ChunkSender {
  readonly #sending: ChunkSending;
  #last: Promise<void> = Promise.resolve();

  constructor(sending: ChunkSending) {
    this.#sending = sending;
  }

  /**
   * @throws SourceInvalid, BatchConflict, SendingInterrupted, RedisUnavailable when it forgot what
   * it had accepted, and what `insert` throws
   */
  send(rows: readonly JobRow[], seal: ChunkSeal): Promise<void> {
    const before = this.#last;
    const sent = this.#send(rows, seal, before);
    this.#last = sent;
    // Whoever waits for it hears of it; the next chunk may never come.
    sent.catch(() => undefined);
    return sent;
  }

  async #send(rows: readonly JobRow[], seal: ChunkSeal, before: Promise<void>): Promise<void> {
    const { batch, insert, inserted, signal, onFull } = this.#sending;
    let rest = { rows, seal };
    let waited = false;
    for (;;) {
      const { rejectedRows, checksums, ...covers } = rest.seal;
      const sendOnce = () => insert(rest.rows, { ...covers, rejected: rejectedRows.length });
      const answer = await untilRoom(sendOnce, signal, onFull);
      switch (answer.kind) {
        case 'ok':
          if (answer.counts !== undefined) inserted(answer.counts);
          return;
        case 'full':
          throw new SendingInterrupted('interrupted while the queue was full');
        case 'cancelled':
          throw new BatchConflict(`batch '${batch}' was cancelled; nothing more is added to it`);
        case 'gone':
          throw new BatchConflict(`the books of batch '${batch}' are gone: they expired, or were deleted`);
        case 'ahead':
        case 'elsewhere':
          // The chunk before this one is still on its way.
          if (answer.read < rest.seal.from) {
            if (waited) throw wentBack(batch, rest.seal.from, answer.read);
            await before;
            waited = true;
          } else {
            const left = after(rest, answer.read, answer.checksum, batch);
            if (left === undefined) return;
            rest = left;
          }
          break;
        default:
          throw changed(batch);
      }
    }
  }
}

/**
 * What is left of a chunk when the batch was read up to a row by somebody; nothing, when all of it
 * was.
 * @throws SourceInvalid when that row and those before it are not those of our source
 */
function after(
  { rows, seal }: { rows: readonly JobRow[]; seal: ChunkSeal },
  read: number,
  checksum: string,
  batch: string,
) {
  const { to, isLast } = seal;
  // Who is ahead of this chunk is compared with one that reaches as far.
  if (read > to && !isLast) return undefined;
  const covered = read - seal.from;
  const ours = read === to ? seal.toChecksum : String(seal.checksums[covered - 1]);
  if (read > to || checksum !== ours) throw changed(batch);
  // The end of the source is still to be told, if somebody else has not.
  if (read === to && !isLast) return undefined;
  return {
    rows: rows.filter(({ row = 0 }) => row > read),
    seal: {
      ...{ ...seal, from: read, fromChecksum: ours, checksums: seal.checksums.slice(covered) },
      rejectedRows: seal.rejectedRows.filter((row) => row > read),
    },
  };
}

/**
 * Redis had said that the rows before these are in. It goes back when a failover or a loss of power
 * takes its last writes; what is missing then is added by the next run.
 */
function wentBack(batch: string, was: number, is: number): RedisUnavailable {
  return new RedisUnavailable(
    `Redis has lost rows of batch '${batch}' that it had accepted, in a failover or a restart: it was read up to row ${was}, and is up to row ${is} now; run it again, and it goes on from there`,
    { unanswered: true },
  );
}

/** The source is not what it was when the batch was begun. */
export function changed(batch: string, how = 'the rows read before are not the same'): SourceInvalid {
  return new SourceInvalid(
    `the source is not the one that batch '${batch}' was begun with: ${how}; give it the same source, or another name`,
  );
}
