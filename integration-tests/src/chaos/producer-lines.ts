import type { CancelResult } from '@bullpen/producer';

/** What the producer writes before it sends a chunk: how the ids will begin. By the host's clock. */
export interface IntentLine {
  readonly chunk: number;
  readonly ids: readonly string[];
  readonly at: number;
}

/** What the producer writes after the answer. By the host's clock. */
export interface AcceptedLine {
  readonly chunk: number;
  readonly ids: readonly string[];
  /** Those that the answer calls added. */
  readonly added: readonly string[];
  /** When the call was made that was answered. */
  readonly sentAt: number;
  readonly at: number;
  /** Whether Redis had refused the chunk before, and nothing else had happened to it. */
  readonly wasRefused: boolean;
}

/** What the producer writes before it calls `cancel`. By the host's clock. */
export interface CancelIntentLine {
  readonly key: string;
  readonly at: number;
}

/** What a call of `cancel` answered, by the host's clock. */
export interface CancelLine {
  readonly key: string;
  readonly id: string;
  /** When the first call was made. */
  readonly sentAt: number;
  readonly at: number;
  readonly answer: CancelResult;
}

/** What came of using the key of a cancelled job again. */
export interface ReuseLine {
  readonly key: string;
  /** The job that had been cancelled. */
  readonly cancelled: string;
  readonly status: string;
  readonly id: string;
  readonly sentAt: number;
  readonly at: number;
}
