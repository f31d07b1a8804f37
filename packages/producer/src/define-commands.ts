import { defineScripts, type Redis } from '@bullpen/shared/internal';
import { FORGET_SCRIPT, NOTE_COLUMNS_SCRIPT, OPEN_SCRIPT } from './books/begin-script.js';
import { LIST_SCRIPT } from './books/list-batches.js';
import { SHOW_SCRIPT } from './books/show-script.js';
import { INSERT_SCRIPT } from './enqueue/insert-script.js';
import type { ProducerCommands, ProducerRedis } from './enqueue/producer-redis.js';
import { CANCEL_SCRIPT } from './manage/cancel-job-script.js';
import { CANCEL_BATCH_SCRIPT, PEEK_SCRIPT, SWEEP_SCRIPT } from './manage/cancel-script.js';

/** Teaches a connection the producer's scripts; once per connection. */
export function defineCommands(redis: Redis): ProducerRedis {
  return defineScripts<ProducerCommands>(redis, {
    bullpenInsert: { keys: 16, lua: INSERT_SCRIPT },
    bullpenCancel: { keys: 13, lua: CANCEL_SCRIPT },
    bullpenOpenBatch: { keys: 7, lua: OPEN_SCRIPT },
    bullpenNoteColumns: { keys: 1, lua: NOTE_COLUMNS_SCRIPT },
    bullpenForgetBatch: { keys: 6, lua: FORGET_SCRIPT },
    bullpenListBatches: { keys: 1, lua: LIST_SCRIPT },
    bullpenShowBatch: { keys: 3, lua: SHOW_SCRIPT },
    bullpenCancelBatch: { keys: 7, lua: CANCEL_BATCH_SCRIPT },
    bullpenPeek: { keys: 2, lua: PEEK_SCRIPT },
    bullpenSweep: { keys: 9, lua: SWEEP_SCRIPT },
  });
}
