import { type BatchBooks, type BatchView, type Producer, type Progress, stageOf } from '@bullpen/producer';

const BEGUN_AT = Date.UTC(2026, 2, 2, 6, 0, 0);

/** Makes the books of a batch of a hundred rows that were read and wait, with a test's changes. */
export const books = (different: Partial<BatchBooks> = {}): BatchBooks => ({
  ...{ name: 'november', queue: 'mail', job: 'invoice.send', source: 'invoices.csv', format: 'csv' },
  ...{
    bytes: undefined,
    sha256: undefined,
    columns: undefined,
    delimiter: undefined,
    keyField: undefined,
    rowsPerJob: 1,
    delayMs: 0,
  },
  ...{ priority: 0, results: false, keepMs: 1_000, keepKeysMs: 1_000, createdAt: BEGUN_AT, writtenAt: BEGUN_AT },
  ...{ readAt: BEGUN_AT, cancelledAt: undefined, read: 100, added: 100, duplicate: 0, rejected: 0, rejections: [] },
  ...{ checksum: '0', completed: 0, failed: 0, cancelled: 0 },
  ...different,
});

/** Makes the view of the batch that `batches show` would give. */
export const view = (different: Partial<BatchView> = {}): BatchView => {
  const of = books(different);
  const counted = { active: 0, delayed: 0, missing: 0, waits: undefined, reasons: [] };
  return {
    ...of,
    stage: stageOf(of),
    waiting: of.added - of.completed - of.failed - of.cancelled,
    ...counted,
    ...different,
  };
};

/** Makes the progress of a batch whose rate is not known. */
export const progress = <B extends BatchBooks>(of: B): Progress<B> => ({
  ...{ view: of, done: of.completed + of.failed + of.cancelled, perSecond: undefined, secondsLeft: undefined },
  standstill: undefined,
});

/** Makes a producer that has only these methods of `batches`. */
export const producerOf = (batches: Partial<Producer['batches']>): Pick<Producer, 'batches'> => ({
  batches: batches as Producer['batches'],
});
