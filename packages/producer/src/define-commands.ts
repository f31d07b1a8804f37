import { defineScripts, type Redis } from '@bullpen/shared/internal';
import { WAIT_SCRIPT } from './books/batch-wait.js';
import { FORGET_SCRIPT, NOTE_COLUMNS_SCRIPT, OPEN_SCRIPT } from './books/begin-script.js';
import { LIST_SCRIPT } from './books/list-batches.js';
import { SHOW_SCRIPT } from './books/show-script.js';
import { INSERT_ROWS_SCRIPT } from './enqueue/insert-rows-script.js';
import type { ProducerCommands, ProducerRedis } from './enqueue/producer-redis.js';
import { CANCEL_SCRIPT } from './manage/cancel-job-script.js';
import { CANCEL_BATCH_SCRIPT, PEEK_SCRIPT, SWEEP_SCRIPT } from './manage/cancel-script.js';
import { DROP_LOST_SCRIPT, QUEUED_OPTS_SCRIPT } from './manage/lost-jobs-script.js';
import { REPAIR_SCRIPT } from './manage/repair-script.js';
import { JOB_SCRIPTS } from './open-producer.js';

/** Teaches a connection the producer's scripts; once per connection. */
export function defineCommands(redis: Redis): ProducerRedis {
  return defineScripts<ProducerCommands>(redis, {
    ...JOB_SCRIPTS,
    bullpenInsertRows: { keys: 7, lua: INSERT_ROWS_SCRIPT, effect: 'adds' },
    bullpenCancel: { keys: 12, lua: CANCEL_SCRIPT, effect: 'frees' },
    bullpenOpenBatch: { keys: 7, lua: OPEN_SCRIPT, effect: 'adds' },
    bullpenNoteColumns: { keys: 1, lua: NOTE_COLUMNS_SCRIPT, effect: 'adds' },
    bullpenForgetBatch: { keys: 6, lua: FORGET_SCRIPT, effect: 'frees' },
    bullpenListBatches: { keys: 1, lua: LIST_SCRIPT, effect: 'reads' },
    bullpenShowBatch: { keys: 3, lua: SHOW_SCRIPT, effect: 'reads' },
    bullpenBatchWait: { keys: 5, lua: WAIT_SCRIPT, effect: 'reads' },
    bullpenCancelBatch: { keys: 8, lua: CANCEL_BATCH_SCRIPT, effect: 'frees' },
    bullpenRepair: { keys: 6, lua: REPAIR_SCRIPT, effect: 'frees' },
    bullpenDropLost: { keys: 1, lua: DROP_LOST_SCRIPT, effect: 'frees' },
    bullpenQueuedOpts: { keys: 1, lua: QUEUED_OPTS_SCRIPT, effect: 'reads' },
    bullpenPeek: { keys: 2, lua: PEEK_SCRIPT, effect: 'reads' },
    bullpenSweep: { keys: 9, lua: SWEEP_SCRIPT, effect: 'frees' },
  });
}
