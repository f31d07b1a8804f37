import { join } from 'node:path';
import { handle, JobRejected } from '@bullpen/worker';
import { appendLine } from '../chaos/ledger.js';
import { proofRow } from './job.js';

/**
 * One line of the ledger: what the handler did with a row, told by the handler itself, outside
 * Redis.
 */
export interface RowLine {
  readonly event: 'start' | 'end' | 'threw';
  /** The row number in the payload, and the id that the worker knows it by. */
  readonly row: number;
  readonly jobId: string;
  readonly pid: number;
  readonly at: number;
  readonly attempt: number;
}

/** The ledger of a run, in its folder. */
export const ledgerOf = (folder: string): string => join(folder, 'ledger.ndjson');

const ledger = ledgerOf(process.env['PROOF_FOLDER'] ?? '.');

export const handlers = [
  handle(proofRow, ({ row, kind }, { jobId, attempt }) => {
    const tell = (event: RowLine['event']): void =>
      appendLine(ledger, { event, row, jobId, pid: process.pid, at: Date.now(), attempt } satisfies RowLine);
    tell('start');
    if (kind === 'bad') {
      tell('threw');
      throw new JobRejected('planned to be rejected');
    }
    if (kind === 'spent' || (kind === 'flaky' && attempt === 1)) {
      tell('threw');
      throw new Error(`planned failure ${attempt}`);
    }
    tell('end');
  }),
];
