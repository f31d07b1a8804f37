import type { Facts } from '../facts.js';

/** The kinds of violation. */
const VIOLATION_KINDS = [
  'did not come to rest',
  'lost',
  'phantom',
  'attempt spent',
  'two jobs of one key',
  'ended twice',
  'overlap',
  'repeated too much',
  'crash counted',
  'hung',
  'started while draining',
  'exit code',
  'summary',
  'alarmed',
  'wrong time',
  'cancelled in vain',
  'miscounted',
  'kept waiting',
  'not drained',
  'beyond its limit',
  'loss not named',
  'outage not named',
] as const;

export type ViolationKind = (typeof VIOLATION_KINDS)[number];

/** One fact that must not exist, in one line that names its job, processes and instants. */
export interface Violation {
  readonly kind: ViolationKind;
  readonly says: string;
}

/** Something that happened twice and may: `because` says why, `kind` what. */
export interface Explained {
  readonly kind: 'ended twice' | 'overlap';
  readonly because: string;
  readonly says: string;
}

/** What one rule finds. Most find nothing but violations. */
export interface Finding {
  readonly violations: readonly Violation[];
  readonly explained?: readonly Explained[];
}

/** Judges the facts by one rule. */
export type Rule = (facts: Facts) => Finding;

/** Makes a rule's finding from the sentences of its violations. */
export const convict = (kind: ViolationKind, sentences: readonly string[]): Finding => ({
  violations: sentences.map((says) => ({ kind, says })),
});

/** An instant as people compare them: the time of day. */
export const clock = (at: number): string => new Date(at).toISOString().slice(11, 23);
