import type { Facts } from '../facts.js';
import { attemptsExact } from './attempts-exact.js';
import { batchIsCounted, cancelledRowsRest } from './batch-counted.js';
import { calmWhenCalm } from './calm.js';
import { cancelsHold } from './cancels-hold.js';
import { crashesEarned } from './crashes-earned.js';
import { exitCodes } from './exit-codes.js';
import { drainsWhenFull, refusesWhenFull } from './full-redis.js';
import { nobodyIsKeptWaiting } from './kept-waiting.js';
import { lossIsNamed, withoutFlushed } from './loss.js';
import { nothingInvented } from './nothing-invented.js';
import { nothingLost } from './nothing-lost.js';
import { onceUnlessHit } from './once-unless-hit.js';
import { oneClock, possibleDurations } from './one-clock.js';
import { oneJobPerKey } from './one-job-per-key.js';
import { outageIsNamed } from './outage-named.js';
import { repeatsAreFew } from './repeats-are-few.js';
import { startsNothingWhileDraining, stopsInTime } from './stops-in-time.js';
import { summariesTrue } from './summaries.js';
import { convict, type Explained, type Rule, type Violation } from './violation.js';
import { withRows } from './with-rows.js';

/** These judge jobs; nothing can be said of jobs that FLUSHALL removed. */
const ABOUT_JOBS: readonly Rule[] = [
  nothingLost,
  nothingInvented,
  attemptsExact,
  oneJobPerKey,
  onceUnlessHit,
  repeatsAreFew,
  crashesEarned,
  oneClock,
  cancelsHold,
  nobodyIsKeptWaiting,
  drainsWhenFull,
  refusesWhenFull,
  batchIsCounted,
  cancelledRowsRest,
];

/** These judge processes, by all that their handlers did. */
const ABOUT_PROCESSES: readonly Rule[] = [
  ({ restless }) => convict('did not come to rest', restless === undefined ? [] : [restless]),
  possibleDurations,
  lossIsNamed,
  outageIsNamed,
  stopsInTime,
  startsNothingWhileDraining,
  exitCodes,
  summariesTrue,
  calmWhenCalm,
];

/** What the rules find in the facts of a run. */
export interface Verdict {
  readonly violations: readonly Violation[];
  /** What ran or ended twice, and was allowed to. */
  readonly explained: readonly Explained[];
}

/** Judges a run by its recorded facts, with all rules. */
export function check(recorded: Facts): Verdict {
  const facts = withRows(recorded);
  const judged = withoutFlushed(facts);
  const findings = [...ABOUT_JOBS.map((rule) => rule(judged)), ...ABOUT_PROCESSES.map((rule) => rule(facts))];
  return {
    violations: findings.flatMap(({ violations }) => violations),
    explained: findings.flatMap(({ explained = [] }) => explained),
  };
}
