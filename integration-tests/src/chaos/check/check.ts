import type { Facts } from '../facts.js';
import { attemptsExact } from './attempts-exact.js';
import { calmWhenCalm } from './calm.js';
import { crashesEarned } from './crashes-earned.js';
import { exitCodes } from './exit-codes.js';
import { nothingInvented } from './nothing-invented.js';
import { nothingLost } from './nothing-lost.js';
import { onceUnlessHit } from './once-unless-hit.js';
import { oneJobPerKey } from './one-job-per-key.js';
import { startsNothingWhileDraining, stopsInTime } from './stops-in-time.js';
import { summariesTrue } from './summaries.js';
import { convict, type Explained, type Rule, type Violation } from './violation.js';

const RULES: readonly Rule[] = [
  ({ restless }) => convict('did not come to rest', restless === undefined ? [] : [restless]),
  nothingLost,
  nothingInvented,
  attemptsExact,
  oneJobPerKey,
  onceUnlessHit,
  crashesEarned,
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
export function check(facts: Facts): Verdict {
  const findings = RULES.map((rule) => rule(facts));
  return {
    violations: findings.flatMap(({ violations }) => violations),
    explained: findings.flatMap(({ explained = [] }) => explained),
  };
}
