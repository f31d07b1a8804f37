import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FATE } from '@bullpen/shared/internal';
import type { Random } from '../chaos/random.js';

/**
 * What a row is, and so how it must end:
 * - `good` completes, `flaky` fails once and then completes
 * - `bad` is rejected by its handler at once, `spent` fails as often as it may
 * - `invalid` has a payload that its schema refuses, `broken` is not JSON: the producer rejects
 *   both
 * - `again` has the key of a row before it that completes: a duplicate
 */
export const ROW_KINDS = ['good', 'flaky', 'bad', 'spent', 'invalid', 'broken', 'again'] as const;
export type RowKind = (typeof ROW_KINDS)[number];

/**
 * How often each kind occurs among a thousand rows; the rest is good. `again` occurs only where
 * rows have keys.
 */
const WEIGHTS = { flaky: 10, bad: 5, spent: 5, invalid: 2.5, broken: 2.5 };
const AGAIN = 100;

/**
 * How a row of each kind must end, and how often its handler starts when no kill hits it; undefined
 * where the producer must not enqueue it.
 */
export const ENDS: Readonly<Record<RowKind, { readonly fate: number; readonly starts: number } | undefined>> = {
  good: { fate: FATE.completed, starts: 1 },
  flaky: { fate: FATE.completed, starts: 2 },
  bad: { fate: FATE.failed, starts: 1 },
  spent: { fate: FATE.failed, starts: 2 },
  ...{ invalid: undefined, broken: undefined, again: undefined },
};

/**
 * The rows of a source, the first at 0: the kind of each, and with keys, which row (counted from 1)
 * it shares its key with.
 */
export interface RowPlan {
  readonly kinds: readonly RowKind[];
  readonly keyOf: readonly number[];
  /** How long the padding of each row is, in characters, as the size of a chunk is limited, too. */
  readonly pad: number;
}

/** Plans the rows of a source; the same seed makes the same rows. */
export function planRows(random: Random, rows: number, { keyed, pad }: { keyed: boolean; pad: number }): RowPlan {
  const [kinds, keyOf, completing]: [RowKind[], number[], number[]] = [[], [], []];
  const planned = Object.values(WEIGHTS).reduce((sum, weight) => sum + weight, keyed ? AGAIN : 0);
  const weights = { ...WEIGHTS, good: 1_000 - planned, ...(keyed ? { again: AGAIN } : {}) };
  for (let row = 1; row <= rows; row += 1) {
    const drawn = random.weighted(weights) as RowKind;
    // A failed row frees its key at some instant, so only a row that completes makes a certain
    // duplicate.
    const kind = drawn === 'again' && completing.length === 0 ? 'good' : drawn;
    kinds.push(kind);
    keyOf.push(kind === 'again' ? random.pick(completing) : row);
    if (ENDS[kind]?.fate === FATE.completed) completing.push(row);
  }
  return { kinds, keyOf, pad };
}

/** The source as NDJSON, one line per row. */
export async function writeSource(path: string, plan: RowPlan): Promise<void> {
  await pipeline(Readable.from(blocksOf(plan)), createWriteStream(path));
}

const BLOCK_ROWS = 1_000;

function* blocksOf({ kinds, keyOf, pad }: RowPlan): Iterable<string> {
  const padding = 'x'.repeat(pad);
  const lineOf = (kind: RowKind, at: number): string => {
    const row = kind === 'invalid' ? 'not a number' : at + 1;
    const text = JSON.stringify({ row, kind, key: `key ${keyOf[at]}`, pad: padding });
    return `${kind === 'broken' ? text.slice(0, -1) : text}\n`;
  };
  for (let from = 0; from < kinds.length; from += BLOCK_ROWS) {
    yield kinds
      .slice(from, from + BLOCK_ROWS)
      .map((kind, at) => lineOf(kind, from + at))
      .join('');
  }
}

/** The counts that the books of the whole source must have. */
export function expectedCounts({ kinds }: RowPlan) {
  const count = (wanted: (kind: RowKind) => boolean): number => kinds.filter(wanted).length;
  return {
    read: kinds.length,
    added: count((kind) => ENDS[kind] !== undefined),
    duplicate: count((kind) => kind === 'again'),
    rejected: count((kind) => kind === 'invalid' || kind === 'broken'),
    completed: count((kind) => ENDS[kind]?.fate === FATE.completed),
    failed: count((kind) => ENDS[kind]?.fate === FATE.failed),
    cancelled: 0,
  };
}
