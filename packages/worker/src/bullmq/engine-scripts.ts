import { LAYOUT, obeyEvents, type Script, type ScriptEffect } from '@bullpen/shared/internal';
import { getRateLimitTtl } from 'bullmq/dist/cjs/scripts/getRateLimitTtl-2.js';
import { isMaxed } from 'bullmq/dist/cjs/scripts/isMaxed-2.js';
import { moveToDelayed } from 'bullmq/dist/cjs/scripts/moveToDelayed-11.js';
import { retryJob } from 'bullmq/dist/cjs/scripts/retryJob-11.js';
import { updateJobScheduler } from 'bullmq/dist/cjs/scripts/updateJobScheduler-12.js';

/**
 * Lua that writes Redis' time over an argument of a BullMQ script: BullMQ sends the time of the
 * host that calls. Stands in front of the script.
 */
export const setTime = (arg: number): string => `${LAYOUT.now}
ARGV[${arg}] = string.format('%.0f', nowMs())
`;

/**
 * A script of BullMQ, of the version we pin, with a header of ours.
 * @param timeArg the argument that holds the caller's time, if there is one
 */
function engineScript({ content, keys }: typeof retryJob, effect: ScriptEffect, timeArg?: number): Script {
  const lua = obeyEvents(content);
  return { keys, effect, lua: timeArg === undefined ? lua : setTime(timeArg) + lua };
}

/**
 * BullMQ's scripts that a worker sends, by BullMQ's names. They differ from BullMQ's in three ways.
 * A full Redis carries them out, so that a Redis that its own jobs have filled can be drained. They
 * go by Redis' clock. And they tell no more events than their queue is to tell.
 *
 * `moveToFinished` is in `finish-script.ts`; scripts of ours take the place of `moveToActive` and
 * `moveStalledJobsToWait`.
 */
const ENGINE_SCRIPTS: Readonly<Record<string, Script>> = {
  getRateLimitTtl: engineScript(getRateLimitTtl, 'frees'),
  isMaxed: engineScript(isMaxed, 'reads'),
  moveToDelayed: engineScript(moveToDelayed, 'frees', 2),
  retryJob: engineScript(retryJob, 'frees', 2),
  updateJobScheduler: engineScript(updateJobScheduler, 'frees', 5),
};

const commandOf = (name: string): string => `bullmq:${name}`;

/** The same scripts by the names of our commands. */
export const ENGINE_COMMANDS: Readonly<Record<string, Script>> = Object.fromEntries(
  Object.entries(ENGINE_SCRIPTS).map(([name, script]) => [commandOf(name), script]),
);

/** The command of ours that takes the place of a BullMQ script; `undefined` when there is none. */
export const engineCommand = (name: string): string | undefined =>
  name in ENGINE_SCRIPTS ? commandOf(name) : undefined;
