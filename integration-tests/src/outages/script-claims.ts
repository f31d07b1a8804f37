/** What a script promises to a sender who comes late, or who sends it twice. */
export interface ScriptClaim {
  /**
   * By what it knows that a job is still its sender's: the token of the lease, which is new at each
   * fetch, or the mark of the fetch. Otherwise why it needs neither.
   */
  readonly lease: 'token' | 'mark' | 'token or mark' | { readonly none: string };
  /** Whether an answer says that the job is not the sender's. */
  readonly refuses?: (answer: unknown) => boolean;
  /** Whether an answer says that all its jobs are the sender's. Without it: it does not refuse. */
  readonly accepts?: (answer: unknown) => boolean;
  /** What a second run with the same arguments does. */
  readonly again: string;
  /** How the second run answers. */
  readonly answers: 'the same' | 'refuses' | 'otherwise';
  /** The keys that the second run changes, and may. */
  readonly changes?: RegExp;
}

const READS = { lease: { none: 'it only reads' }, again: 'reads again', answers: 'the same' } as const;
const ABSOLUTE = 'writes the same again';

const is = (refusal: unknown) => (answer: unknown) => JSON.stringify(answer) === JSON.stringify(refusal);
/** BullMQ's numbers: no such job, no lock, not active, the lock of another. */
const isBullmqs = (answer: unknown): boolean => [-1, -2, -3, -6].includes(answer as number);
const all = (letters: RegExp) => (answer: unknown) => letters.test(String(answer));

/** The answers of a turn to its ends. */
const endsOf = (answer: unknown): readonly unknown[] => (answer as [unknown[]])[0];

const ENDS = {
  lease: 'token',
  refuses: isBullmqs,
  answers: 'refuses',
  again: 'is refused: the lease ended with the first run. The worker asks for the lease and learns that it is recorded',
} as const;

/**
 * Every script that our packages send. `scripts.test.ts` holds these claims against a real Redis,
 * and `repo/architecture/script-claims.test.ts` finds a script that is not here.
 */
export const SCRIPT_CLAIMS: Readonly<Record<string, ScriptClaim>> = {
  // The worker's.
  bullpenRenew: {
    ...{ lease: 'token or mark', refuses: all(/^[lgx]+$/), accepts: all(/^h+$/), answers: 'the same' },
    again: 'renews again. A crash is taken back once for each fetch',
  },
  bullpenProgress: {
    ...{ lease: 'token', refuses: is(0), answers: 'the same', changes: /:events$/ },
    again: 'writes the same again, and one more event',
  },
  bullpenRewrite: { lease: 'token', refuses: is(0), again: ABSOLUTE, answers: 'the same' },
  bullpenPutOff: { ...ENDS, refuses: is(0) },
  bullpenHandBack: {
    ...{ lease: 'mark', refuses: is([]), answers: 'refuses' },
    again: 'finds nothing: the job is not active any more, or was fetched anew',
  },
  bullpenFinish: ENDS,
  bullpenTurn: {
    ...{ ...ENDS, refuses: (answer: unknown) => endsOf(answer).every(isBullmqs), changes: /./ },
    accepts: (answer: unknown) => endsOf(answer).every((end) => end === 0),
    again: 'is refused like the other ends, and fetches other jobs. The first ones are a lost fetch, and go back',
  },
  bullpenSettleRows: {
    ...{ lease: 'token', refuses: all(/^0+$/), answers: 'the same' },
    again: 'finds the rows settled, and counts nothing',
  },
  bullpenSplitRows: {
    ...{ lease: 'token', refuses: is(0), answers: 'the same' },
    again: 'finds the jobs of the rows, and adds none',
  },
  bullpenFetchedBy: READS,
  bullpenOpenRows: READS,
  bullpenDenied: READS,
  bullpenCancelledAmong: {
    lease: { none: 'it marks what is cancelled, whoever has it' },
    ...{ again: ABSOLUTE, answers: 'the same' },
  },
  bullpenNextSuspect: {
    lease: { none: 'it calls a suspect that nobody has' },
    again: 'calls one more suspect. A worker that tries another one puts it off again',
    ...{ answers: 'the same', changes: /./ },
  },
  bullpenNeighbours: { lease: { none: 'it concerns no job' }, again: ABSOLUTE, answers: 'the same' },
  bullpenKeep: { lease: { none: 'it concerns no job' }, again: ABSOLUTE, answers: 'the same' },
  bullpenStallCheck: {
    lease: { none: 'it concerns jobs without a lease' },
    again: 'does nothing: a check was made, or it is too old. After one of a queue that rested, it is the first',
    // The mark of the check expires, on a slow machine before the second one.
    ...{ answers: 'otherwise', changes: /:stalled(?:-check)?$/ },
  },
  'bullmq:moveToDelayed': ENDS,
  'bullmq:retryJob': ENDS,
  'bullmq:updateJobScheduler': {
    lease: { none: 'the id of a run names it, and BullMQ compares it' },
    again: 'does nothing: the run after this one is there',
    answers: 'otherwise',
  },
  'bullmq:getRateLimitTtl': READS,
  'bullmq:isMaxed': READS,
  // The producer's.
  bullpenInsertJobs: {
    lease: { none: 'it adds jobs' },
    again: 'finds its own jobs by their ids and adds none',
    ...{ answers: 'otherwise', changes: /:events$/ },
  },
  bullpenInsertRows: {
    lease: { none: 'it adds jobs' },
    ...{ again: 'finds that the cursor of the batch has moved, or that the rows wait again', answers: 'otherwise' },
  },
  bullpenCancel: {
    lease: { none: 'it cancels a job, whoever has it' },
    again: 'knows by its note that it took the job off, or marks the job again',
    answers: 'the same',
  },
  bullpenOpenBatch: { lease: { none: 'it concerns no job' }, again: 'finds the books open', answers: 'the same' },
  bullpenNoteColumns: { lease: { none: 'it concerns no job' }, again: ABSOLUTE, answers: 'the same' },
  bullpenForgetBatch: { lease: { none: 'it concerns no job' }, again: 'finds nothing', answers: 'the same' },
  bullpenListBatches: READS,
  bullpenShowBatch: READS,
  bullpenBatchWait: READS,
  bullpenCancelBatch: {
    lease: { none: 'it cancels a batch, whoever has its jobs' },
    again:
      'knows its caller, and answers as before. Jobs that run by now are marked, and workers hear of the batch once more',
    ...{ answers: 'the same', changes: /:batches:cancelled$|:b-late-\d+$/ },
  },
  bullpenPeek: READS,
  bullpenSweep: {
    lease: { none: 'it takes off jobs that nobody has' },
    again: 'takes off what has come into its window. It answers with the sum of all calls',
    answers: 'otherwise',
  },
  bullpenDropLost: {
    lease: { none: 'it takes ids off behind which there is no job' },
    again: 'takes off what has come into its window',
    answers: 'otherwise',
  },
  bullpenQueuedOpts: READS,
  bullpenRepair: {
    lease: { none: 'it settles rows that have no job' },
    again: 'finds that the rows have failed for this reason, and says so',
    answers: 'otherwise',
  },
  // The dashboard's: its connection sends nothing again, and neither do we.
  bullpenRetry: {
    lease: { none: 'it puts back jobs that have ended' },
    again: 'says that the jobs are not in their set any more',
    answers: 'otherwise',
  },
  bullpenSetMeta: { lease: { none: 'it concerns no job' }, again: 'writes the same', answers: 'otherwise' },
  // The exporter's, in workers and the dashboard.
  CLAIM: { lease: { none: 'it concerns no job' }, again: 'keeps what it has', answers: 'the same' },
  GIVE_UP: { lease: { none: 'it concerns no job' }, again: 'finds nothing', answers: 'otherwise' },
};
