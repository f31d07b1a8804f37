import type { Facts } from '../facts.js';
import type { Fault } from '../fault.js';
import { type ExitReason, lineOf, loggedAt, TOLD } from '../life.js';
import { ABORT_GRACE_MS, DEAF_MS, DRAIN_TIMEOUT_MS, STANDSTILL_MS, STOP_LIMIT_MS } from '../limits.js';
import { allFaults, felt, isStandstill } from './all-faults.js';
import { handlerRuns } from './handler-runs.js';
import { clock, convict, type Finding } from './violation.js';
import { waitedBetween, waitedWhileStopping } from './waited.js';

/** A process whose event loop is busy all the time ends as soon after its deadlines as this. */
const DEAF_LIMIT_MS = DRAIN_TIMEOUT_MS + ABORT_GRACE_MS + DEAF_MS;

/** A signal that comes so soon after a handler began to spin is the first reason to end the process. */
const SOON_MS = 500;
/** How the watchdog says why it ended the process. A worker warns of a short standstill, too. */
const STOOD_STILL = 'event loop stood still for ';

/** A worker that is told to stop ends within its limits. */
export function stopsInTime(facts: Facts): Finding {
  const faults = allFaults(facts);
  return convict(
    'hung',
    facts.lives.flatMap((life) => {
      const told = life.sent.find(({ signal }) => signal === 'SIGTERM');
      if (told === undefined) return [];
      const during = (kind: Fault['kind']) =>
        faults.some((fault) => fault.kind === kind && fault.pid === life.pid && fault.endedAt >= told.at);
      // A stopped process can do nothing, not even end; a blocked process may take as long as its
      // watchdog.
      if (during('freeze')) return [];
      // A process that the machine keeps waiting, for example while it is loaded, needs that time
      // as well.
      const spin = faults.find(({ kind, pid, startedAt, endedAt }) => {
        return kind === 'spin' && pid === life.pid && startedAt <= told.at && endedAt >= told.at;
      });
      const says = `worker ${life.pid} got SIGTERM at ${clock(told.at)}`;
      // Its watchdog counts both times in one thread, however slow the machine is.
      const isSoon = spin !== undefined && told.at - spin.startedAt < SOON_MS;
      // It may have stood still right before, and the watchdog counts on.
      const isSecond = faults.some((fault) => {
        return isStandstill(fault) && fault.pid === life.pid && fault !== spin && felt(fault) >= (spin?.startedAt ?? 0);
      });
      if (isSoon && !isSecond && life.log.some(({ msg }) => msg.startsWith(STOOD_STILL)))
        return [`${says}, and it was ended for another reason: it stood still`];
      const limit = spin
        ? DEAF_LIMIT_MS +
          waitedBetween({ waits: facts.waits.filter(({ pid }) => pid !== undefined) }, life.pid, told.at, life.exitedAt)
        : STOP_LIMIT_MS + (during('block') ? STANDSTILL_MS : 0) + waitedWhileStopping(life, facts);
      const took = life.exitedAt - told.at;
      return took <= limit ? [] : [`${says} and ended ${took} ms later`];
    }),
  );
}

/** A worker that has logged that it drains starts no handler. */
export function startsNothingWhileDraining(facts: Facts): Finding {
  const toldAt = new Map(facts.lives.map((life): [number, number | undefined] => [life.pid, saidAt(life)]));
  return convict(
    'started while draining',
    handlerRuns(facts).flatMap(({ pid, jobId, startedAt }) => {
      const told = toldAt.get(pid);
      if (told === undefined || startedAt <= told) return [];
      return [`${jobId} was started in ${pid} at ${clock(startedAt)}, which drained since ${clock(told)}`];
    }),
  );
}

const saidAt = (life: ExitReason): number | undefined => loggedAt(lineOf(life, TOLD));
