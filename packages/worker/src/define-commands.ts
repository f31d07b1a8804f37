import { defineScripts, type Redis, type Script } from '@bullpen/shared/internal';
import { ENGINE_COMMANDS } from './bullmq/engine-scripts.js';
import { FINISH, FINISH_KEYS } from './bullmq/finish-script.js';
import { TURN, TURN_KEYS } from './bullmq/turn-script.js';
import { CANCELLED_AMONG } from './redis/cancel-scripts.js';
import type { ScriptedRedis, WorkerCommands } from './redis/commands.js';
import { FETCHED_BY } from './redis/fetch-scripts.js';
import { HAND_BACK } from './redis/hand-back-script.js';
import { KEEP } from './redis/keep-script.js';
import { PROGRESS, RENEW, REWRITE } from './redis/lease-scripts.js';
import { commandsOf, DENIED } from './redis/permissions.js';
import { OPEN_ROWS, SETTLE_ROWS, SPLIT_ROWS } from './redis/row-scripts.js';
import { STALL_CHECK } from './redis/stall-check-script.js';
import { NEIGHBOURS, NEXT_SUSPECT, PUT_OFF } from './redis/suspect-scripts.js';

const SCRIPTS: { readonly [Name in keyof WorkerCommands]: Script } = {
  bullpenRenew: { keys: 2, lua: RENEW, effect: 'frees' },
  bullpenProgress: { keys: 4, lua: PROGRESS, effect: 'adds' },
  bullpenRewrite: { keys: 2, lua: REWRITE, effect: 'frees' },
  bullpenStallCheck: { keys: 6, lua: STALL_CHECK, effect: 'frees' },
  bullpenPutOff: { keys: 9, lua: PUT_OFF, effect: 'frees' },
  bullpenNextSuspect: { keys: 1, lua: NEXT_SUSPECT, effect: 'frees' },
  bullpenNeighbours: { keys: 1, lua: NEIGHBOURS, effect: 'frees' },
  bullpenCancelledAmong: { keys: 1, lua: CANCELLED_AMONG, effect: 'frees' },
  bullpenFetchedBy: { keys: 1, lua: FETCHED_BY, effect: 'reads' },
  // A worker's last words: if Redis had forgotten the script, nobody would be here to send it
  // again.
  bullpenHandBack: { keys: 7, lua: HAND_BACK, effect: 'frees', sentWhole: true },
  bullpenFinish: { keys: FINISH_KEYS, lua: FINISH, effect: 'frees' },
  bullpenTurn: { keys: TURN_KEYS, lua: TURN, effect: 'frees' },
  bullpenSettleRows: { keys: 1, lua: SETTLE_ROWS, effect: 'frees' },
  bullpenSplitRows: { keys: 6, lua: SPLIT_ROWS, effect: 'frees' },
  bullpenKeep: { keys: 1, lua: KEEP, effect: 'frees' },
  bullpenOpenRows: { keys: 1, lua: OPEN_ROWS, effect: 'reads' },
  bullpenDenied: { keys: 1, lua: DENIED, effect: 'reads' },
};

/** The commands of Redis that the worker sends, in scripts and outside them. */
export const NEEDED_COMMANDS = commandsOf([...Object.values(ENGINE_COMMANDS), ...Object.values(SCRIPTS)]);

/** Teaches a connection the worker's scripts; once per connection. */
export function defineCommands(redis: Redis): ScriptedRedis {
  defineScripts(redis, ENGINE_COMMANDS);
  return defineScripts<WorkerCommands>(redis, SCRIPTS);
}
