import type { RedisProgram } from './redis-program.js';

/** The task of a supervisor: its one argument, as JSON. */
export type SupervisorTask =
  | { readonly run: 'program'; readonly program: RedisProgram }
  | { readonly run: 'container' };

/**
 * The reports of a supervisor on stdout, one JSON line each: `ready` or `failed` once, `note` at
 * any time, and `ended` after `ready` when Redis ended by itself.
 */
export type SupervisorReport =
  | { readonly is: 'note'; readonly text: string }
  | { readonly is: 'ready'; readonly url: string; readonly version: string }
  | { readonly is: 'failed'; readonly reason: string }
  | { readonly is: 'ended'; readonly reason: string };

/** Parses a line of a supervisor's stdout; `undefined` when a library printed the line. */
export function parseReport(line: string): SupervisorReport | undefined {
  try {
    return JSON.parse(line) as SupervisorReport;
  } catch {
    return undefined;
  }
}
