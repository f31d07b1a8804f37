import type { Facts } from '../facts.js';
import type { Fault } from '../fault.js';
import { type ExitReason, lineOf, READY, STOPPED } from '../life.js';
import { LEASE_MS, STANDSTILL_MS, STARVED_MS } from '../limits.js';
import { allFaults, harmBetween, isKill } from './all-faults.js';
import { type HandlerRun, handlerRuns } from './handler-runs.js';
import { clock, convict, type Finding } from './violation.js';
import { waitedWhileStopping } from './waited.js';

/** How long the watchdog takes to end a process. */
const ENDING_MS = 1_000;
const EXIT = { ok: 0, refused: 69, cutOff: 70, handedBack: 75 };
const REFUSALS = ['redis-acl', 'cut-blocking'];

/**
 * A process ends with the right exit code: 0 when everything is finished, 75 when something was
 * handed back, 70 only after harm; else only by force.
 */
export function exitCodes(facts: Facts): Finding {
  const faults = allFaults(facts);
  const runs = handlerRuns(facts);
  return convict(
    'exit code',
    facts.lives.flatMap((life) => {
      const fault = life.signal === null ? wrongCode(life, facts, faults, runs) : wrongDeath(life, faults);
      const how = life.signal ?? `code ${life.code}`;
      const lastWords = life.log.at(-1)?.msg ?? 'nothing';
      return fault === undefined
        ? []
        : [`worker ${life.pid} ended with ${how} at ${clock(life.exitedAt)}: ${fault}. It last said: ${lastWords}`];
    }),
  );
}

function wrongDeath(life: ExitReason, faults: readonly Fault[]): string | undefined {
  const { pid, signal, sent, log } = life;
  if (signal === 'SIGKILL') {
    if (sent.some((one) => one.signal === 'SIGKILL')) return undefined;
    return faults.some((fault) => isKill(fault) && fault.pid === pid) ? undefined : 'nobody killed it';
  }
  // Node runs before anything listens for signals.
  const starting = log.length === 0 && sent.some((one) => one.signal === signal);
  return starting ? undefined : 'this signal should have been heard';
}

function wrongCode(
  life: ExitReason,
  facts: Facts,
  faults: readonly Fault[],
  runs: readonly HandlerRun[],
): string | undefined {
  const { code, pid, exitedAt, sent } = life;
  if (code === EXIT.cutOff) {
    if (harmBetween(faults, pid, nearTheEnd(life), exitedAt) !== undefined) return undefined;
    const waitedMs = waitedWhileStopping(life, facts);
    if (waitedMs >= STARVED_MS) return undefined;
    return `nothing had happened that could keep it from confirming; it waited ${waitedMs} ms for the machine`;
  }
  if (code === EXIT.refused) {
    const isRefused = faults.some(({ kind, startedAt, endedAt }) => {
      return REFUSALS.includes(kind) && startedAt <= exitedAt && endedAt >= life.startedAt;
    });
    return isRefused && lineOf(life, READY) === undefined ? undefined : 'Redis did not refuse it when it started';
  }
  if (code !== EXIT.ok && code !== EXIT.handedBack) return 'no such end is planned';
  if (!sent.some(({ signal }) => signal === 'SIGTERM')) return 'nobody had told it to stop';
  const summary = lineOf(life, STOPPED);
  // It was told to stop before it served anything, so there is nothing to account for.
  if (summary === undefined && lineOf(life, READY) === undefined && !runs.some((run) => run.pid === pid))
    return undefined;
  if (summary === undefined) return 'it never said what became of its attempts';
  if (summary['cutOff'] !== 0) return `it says that it cut off ${String(summary['cutOff'])}`;
  const handedBack = Number(summary['handedBack']);
  if (handedBack > 0 !== (code === EXIT.handedBack)) return `it says that it handed back ${handedBack}`;
  // A handler whose signal fired may ignore it; any other handler that is still running was
  // forgotten.
  const open = runs.find((run) => run.pid === pid && run.conclusion === undefined && run.aborted === undefined);
  return open === undefined ? undefined : `${open.jobId} was still running, and nobody had told its handler to stop`;
}

/**
 * From when on harm can be the reason of a process' end: a lease before it was told to stop; or,
 * without a signal, as long as its watchdog lets it stand still.
 */
function nearTheEnd({ sent, exitedAt }: ExitReason): number {
  const told = sent.find(({ signal }) => signal === 'SIGTERM')?.at ?? exitedAt - STANDSTILL_MS - ENDING_MS;
  return told - LEASE_MS;
}
