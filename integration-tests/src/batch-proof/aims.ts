import type { Random } from '../chaos/random.js';

/**
 * When a kill comes:
 * - `growth`: when the batch has come so many rows further since the victim was started, and so
 *   many milliseconds after that
 * - `early`: before it has come any further at all, after this share of the time that this took the
 *   last time
 */
export type Aim =
  | { readonly kind: 'growth'; readonly rows: number; readonly ms: number }
  | { readonly kind: 'early'; readonly share: number };

/** So soon after a chunk went in, the producer makes or sends the next one, or waits for room. */
const SOON_MS = 20;
/**
 * About when the first chunk is on its way, by the time that this took in the life before. Half of
 * the early kills come then.
 */
const [NEARLY, JUST_AFTER] = [0.85, 1.05];
/**
 * How many chunks go in while a kill is on its way, on average: fewer when the producer waits for
 * room.
 */
const CHUNKS_PER_KILL = { slowed: 2.5, free: 5 };
const MAX_GROWTH = 0.8;

/**
 * Plans kills of a producer so that as many as possible hit it at a chunk, and the batch does not
 * end before all kills are done.
 */
export function aimAtProducer(
  random: Random,
  { kills, rows, chunkRows, slowed }: { kills: number; rows: number; chunkRows: number; slowed: boolean },
): Aim[] {
  const perKill = slowed ? CHUNKS_PER_KILL.slowed : CHUNKS_PER_KILL.free;
  const chance = Math.min(MAX_GROWTH, rows / chunkRows / kills / perKill);
  return Array.from({ length: kills }, () => {
    if (random.chance(chance)) {
      const most = Math.max(1, Math.floor(rows / kills));
      return { kind: 'growth', rows: random.int(1, most), ms: random.int(0, SOON_MS) };
    }
    const from = random.chance(0.5) ? NEARLY : 0;
    return { kind: 'early', share: from + random.fraction() * (JUST_AFTER - from) };
  });
}

/** Plans kills of a worker or of Redis, spread over the rows as they are settled. */
export function aimBySettled(random: Random, kills: number, rows: number): Aim[] {
  const most = Math.max(1, Math.floor((1.8 * rows) / (kills + 1)));
  return Array.from({ length: kills }, () => ({ kind: 'growth', rows: random.int(1, most), ms: random.int(0, 50) }));
}
