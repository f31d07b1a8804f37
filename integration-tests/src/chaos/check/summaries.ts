import type { Facts } from '../facts.js';
import { type ExitReason, lineOf, loggedAt, STOPPED, TOLD } from '../life.js';
import { type HandlerRun, handlerRuns } from './handler-runs.js';
import { convict, type Finding } from './violation.js';
import { isRow } from './with-rows.js';

/** The summary that a worker logs when it stops is what its handlers did. */
export function summariesTrue(facts: Facts): Finding {
  const runs = handlerRuns(facts);
  const kept = new Set(facts.stored.map(({ id }) => id));
  // A job that Redis has lost since may have failed so, too.
  const lost = [
    ...facts.cancels.filter(({ answer }) => answer === 'requested'),
    ...facts.intended.filter(({ kind }) => kind === 'poison'),
  ].filter(({ id }) => !kept.has(id));
  const unheard =
    facts.stored.filter(({ failedReason }) => /JobCrashed|JobCancelled/.test(failedReason ?? '')).length + lost.length;
  return convict(
    'summary',
    facts.lives.flatMap((life) =>
      wrongSums(
        life,
        runs.filter(({ pid }) => pid === life.pid),
        unheard,
      ).map((says) => `worker ${life.pid} ${says}`),
    ),
  );
}

function wrongSums(life: ExitReason, runs: readonly HandlerRun[], unheard: number): string[] {
  const line = lineOf(life, STOPPED);
  const told = loggedAt(lineOf(life, TOLD));
  if (line === undefined || told === undefined) return [];
  const faults: string[] = [];
  const number = (name: string): number => Number(line[name]);
  const since = line['sinceStart'] as Record<string, number>;
  const { completed = 0, failed = 0, unrecorded = 0 } = since;

  const ended = runs.filter(({ conclusion }) => conclusion === 'end');
  const threw = runs.filter(({ conclusion }) => conclusion === 'threw');
  if (completed > ended.length) faults.push(`says ${completed} completed; ${ended.length} handlers ran to their end`);
  // A job that failed because it crashed too often ran in no handler; nor may one that was cancelled,
  // or its handler left it. One worker counts it.
  if (failed > threw.length + unheard) faults.push(`says ${failed} failed; ${threw.length} handlers threw`);
  // A handler that ended after its signal had fired may have been abandoned by then, and counted as
  // that.
  const missing = [...ended, ...threw].filter(({ aborted }) => aborted === undefined).length - completed - failed;
  const unconfirmed = unrecorded + number('cutOff');
  if (missing > unconfirmed) {
    faults.push(`lacks ${missing} outcomes of its handlers and owns up to ${unconfirmed} unrecorded or cut off`);
  }

  const parts = ['completed', 'failed', 'snoozed', 'handedBack', 'cutOff'].map(number);
  const sum = parts.reduce((total, part) => total + part, 0);
  // A job that came with the last fetch and could not be handed back is cut off, although it was
  // never active.
  const strangers = sum - number('active');
  // The rows of a shared job count one by one, and the job is active as one.
  if (!runs.some(({ jobId }) => isRow(jobId)) && (strangers < 0 || strangers > number('cutOff')))
    faults.push(`says ${number('active')} were active and accounts for ${sum}`);
  const open = runs.filter((run) => run.startedAt <= told && run.endedAt > told && (run.aborted?.at ?? told) >= told);
  if (open.length > number('active')) faults.push(`says ${number('active')} were active; ${open.length} handlers ran`);
  return faults;
}
