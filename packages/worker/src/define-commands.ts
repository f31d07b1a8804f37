import { defineScripts, type Redis } from '@bullpen/shared/internal';
import { COMPLETE_KEYS, COMPLETE_ROWS } from './bullmq/completion-script.js';
import { ENGINE_COMMANDS } from './bullmq/engine-scripts.js';
import { FINISH, FINISH_KEYS } from './bullmq/finish-script.js';
import type { ScriptedRedis, WorkerCommands } from './redis/commands.js';
import { FETCHED_BY } from './redis/fetch-scripts.js';
import { HAND_BACK } from './redis/hand-back-script.js';
import { KEEP } from './redis/keep-script.js';
import { PROGRESS, RENEW, REWRITE } from './redis/lease-scripts.js';
import { OPEN_ROWS, SETTLE_ROWS, SPLIT_ROWS } from './redis/row-scripts.js';

/** Teaches a connection the worker's scripts; once per connection. */
export function defineCommands(redis: Redis): ScriptedRedis {
  defineScripts(redis, ENGINE_COMMANDS);
  return defineScripts<WorkerCommands>(redis, {
    bullpenRenew: { keys: 2, lua: RENEW, effect: 'frees' },
    bullpenProgress: { keys: 4, lua: PROGRESS, effect: 'adds' },
    bullpenRewrite: { keys: 2, lua: REWRITE, effect: 'frees' },
    bullpenFetchedBy: { keys: 1, lua: FETCHED_BY, effect: 'reads' },
    // A worker's last words: if Redis had forgotten the script, nobody would be here to send it
    // again.
    bullpenHandBack: { keys: 7, lua: HAND_BACK, effect: 'frees', sentWhole: true },
    bullpenFinish: { keys: FINISH_KEYS, lua: FINISH, effect: 'frees' },
    bullpenCompleteRows: { keys: COMPLETE_KEYS, lua: COMPLETE_ROWS, effect: 'frees' },
    bullpenSettleRows: { keys: 1, lua: SETTLE_ROWS, effect: 'frees' },
    bullpenSplitRows: { keys: 6, lua: SPLIT_ROWS, effect: 'frees' },
    bullpenKeep: { keys: 1, lua: KEEP, effect: 'frees' },
    bullpenOpenRows: { keys: 1, lua: OPEN_ROWS, effect: 'reads' },
  });
}
