import type { Redis, ScriptArg } from '@bullpen/shared/internal';

/** See `bullmq/turn-script.ts`. */
export type TurnReply = readonly [
  answers: readonly (number | Error)[],
  fetched: readonly (string | readonly string[] | 0)[],
  fetchedAt: string,
  limitedMs: number,
  dueAt: number,
];

/** The scripts of the worker, as methods of a connection. `define-commands.ts` defines them. */
export interface WorkerCommands {
  bullpenRenew(...args: ScriptArg[]): Promise<string>;
  bullpenProgress(...args: ScriptArg[]): Promise<0 | 1>;
  bullpenRewrite(...args: ScriptArg[]): Promise<0 | 1>;
  bullpenCancelledAmong(...args: ScriptArg[]): Promise<[answers: string, last: string, batches: string[]]>;
  bullpenFetchedBy(...args: ScriptArg[]): Promise<[id: string, token: string, mark: string][]>;
  bullpenPutOff(...args: ScriptArg[]): Promise<0 | 1>;
  bullpenNextSuspect(...args: ScriptArg[]): Promise<unknown>;
  bullpenNeighbours(...args: ScriptArg[]): Promise<unknown>;
  bullpenStallCheck(...args: ScriptArg[]): Promise<string[] | 0>;
  bullpenHandBack(...args: ScriptArg[]): Promise<string[]>;
  bullpenFinish(args: unknown[]): Promise<unknown>;
  bullpenTurn(args: unknown[]): Promise<TurnReply>;
  bullpenSettleRows(...args: ScriptArg[]): Promise<string>;
  bullpenSplitRows(...args: ScriptArg[]): Promise<0 | 1>;
  bullpenKeep(...args: ScriptArg[]): Promise<unknown>;
  bullpenDenied(key: string, ...commands: string[]): Promise<string[]>;
  bullpenOpenRows(...args: ScriptArg[]): Promise<number[]>;
}

/** A connection that knows the worker's scripts. */
export type ScriptedRedis = Redis & WorkerCommands;
