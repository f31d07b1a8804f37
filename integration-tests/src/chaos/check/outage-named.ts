import type { Facts } from '../facts.js';
import { isWarning, lineOf, loggedAt, READY } from '../life.js';
import { allFaults, felt, isHarmful } from './all-faults.js';
import { clock, convict, type Finding } from './violation.js';

/** A connection that is refused for this long is worth a word. */
const WORTH_A_WORD_MS = 2_000;

/**
 * A worker that cannot have one of its connections back says so, although it can still use the
 * others.
 */
export function outageIsNamed(facts: Facts): Finding {
  const faults = allFaults(facts);
  return convict(
    'outage not named',
    faults.flatMap((fault) => {
      const { kind, startedAt, endedAt, victims = [] } = fault;
      if (kind !== 'cut-blocking' || endedAt - startedAt < WORTH_A_WORD_MS) return [];
      return victims.flatMap((pid) => {
        const life = facts.lives.find((one) => one.pid === pid && one.exitedAt > endedAt);
        const readyAt = life && loggedAt(lineOf(life, READY));
        if (life === undefined || readyAt === undefined || readyAt > startedAt) return [];
        // Another process that loses a connection, or ends, makes room for the one that was refused.
        const isOver = faults.some((other) => {
          return other !== fault && isHarmful(other) && other.startedAt <= endedAt && felt(other) >= startedAt;
        });
        const isFreed = facts.lives.some(({ exitedAt, sent: [told] }) => {
          return told !== undefined && told.at <= endedAt && exitedAt >= startedAt;
        });
        const isSaid = life.log.some(
          (line) =>
            isWarning(line) &&
            /redis|connect/i.test(line.msg) &&
            (loggedAt(line) ?? 0) >= startedAt &&
            (loggedAt(line) ?? 0) <= endedAt,
        );
        if (isOver || isFreed || isSaid) return [];
        return [
          `worker ${pid} could not wait for jobs from ${clock(startedAt)} to ${clock(endedAt)}, and did not say so`,
        ];
      });
    }),
  );
}
