import type { RedisProgram } from './redis-program.js';

/** What a supervisor is asked to run: its one argument, as JSON. */
export type SupervisorTask =
  | { readonly run: 'program'; readonly program: RedisProgram }
  | { readonly run: 'container' };

/**
 * What a supervisor says on stdout, one JSON line each: ready or failed, perhaps notes, and after
 * ready perhaps ended.
 */
export type SupervisorReport =
  | { readonly is: 'note'; readonly text: string }
  | { readonly is: 'ready'; readonly url: string; readonly version: string }
  | { readonly is: 'failed'; readonly reason: string }
  | { readonly is: 'ended'; readonly reason: string };

/** Reads one line of a supervisor's stdout; undefined for what some library has printed there. */
export function parseReport(line: string): SupervisorReport | undefined {
  try {
    return JSON.parse(line) as SupervisorReport;
  } catch {
    return undefined;
  }
}
