import type { ViolationKind } from '../check/violation.js';
import type { FaultKind } from '../fault.js';

/** A piece of text in a compiled module of a package, and what to put in its place. */
export interface Edit {
  /** From `packages/`, without `dist` and without an ending. */
  readonly module: string;
  /** It must occur exactly once. */
  readonly from: string;
  readonly to: string;
}

/** A fault that Bullpen once had, to be put back into its processes. */
export interface OldFault {
  readonly says: string;
  readonly edits: readonly Edit[];
  /** The plan that brings it to light: its seed, and the kinds of chaos that it has. */
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  /** How the checker must convict it. */
  readonly convicted: { readonly kind: ViolationKind; readonly says: RegExp };
}
