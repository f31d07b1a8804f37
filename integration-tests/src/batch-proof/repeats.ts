import type { Facts } from './facts.js';
import type { RowLine } from './handlers.js';
import { rowsOf } from './job.js';

/** Two starts of one and the same attempt at a row. */
export interface Repeat {
  readonly first: RowLine;
  readonly again: RowLine;
}

/** Who was killed had in hand what it did so shortly before: after that its word on a row has long been with Redis. */
const IN_HAND_MS = 2_000;

/** The starts of a row that were not the first of their attempt. */
export function repeatsOf(lines: readonly RowLine[]): Repeat[] {
  const last = new Map<number, RowLine>();
  const repeats: Repeat[] = [];
  for (const line of lines) {
    if (line.event !== 'start') continue;
    const first = last.get(line.attempt);
    if (first !== undefined) repeats.push({ first, again: line });
    last.set(line.attempt, line);
  }
  return repeats;
}

/** Each repeat has a kill that explains it, and of the rows of one job a kill explains one: the others were not in hand. */
export function checkRepeats(repeats: readonly Repeat[], facts: Facts): string[] {
  const jobOf = jobsByRow(facts);
  const slots = new Map<string, number[]>();
  const wrong: string[] = [];
  for (const repeat of repeats) {
    const { row, pid, at } = repeat.first;
    if (!isExplained(repeat, facts))
      wrong.push(`row ${row} ran again, and nothing was killed under it: ${tell(repeat, facts)}`);
    const slot = `${jobOf(row, at)} in ${pid}`;
    slots.set(slot, [...(slots.get(slot) ?? []), row]);
  }
  if (facts.scenario.victim !== 'worker') return wrong;
  const full = [...slots].filter(([, rows]) => rows.length > 1);
  return [
    ...wrong,
    ...full.map(([slot, rows]) => `rows ${rows.join(', ')} ran again after one kill, all of job ${slot}`),
  ];
}

function isExplained({ first }: Repeat, { scenario, workers, outages }: Facts): boolean {
  const isInHand = (from: number, to: number): boolean => from <= first.at + IN_HAND_MS && to >= first.at;
  if (scenario.victim === 'redis') return outages.some(({ startedAt, endedAt }) => isInHand(startedAt, endedAt));
  const life = workers.find(({ pid }) => pid === first.pid);
  const kill = life?.sent.find(({ signal }) => signal === 'SIGKILL');
  // Between the two it died; on a busy machine we hear of it late.
  return life !== undefined && kill !== undefined && isInHand(kill.at, life.exitedAt);
}

/** All there is to know of a repeat that nothing explains: the last words of the worker that had the row first, too. */
function tell({ first, again }: Repeat, { workers }: Facts): string {
  const life = workers.find(({ pid }) => pid === first.pid);
  const words = life?.log.filter(({ msg }) => /lease|stood still/.test(msg)).map(({ msg, time }) => `${time} ${msg}`);
  const [since, until] = [first.at, again.at].map((at) => new Date(at).toISOString());
  const end = `${life?.signal ?? life?.code} at ${new Date(life?.exitedAt ?? 0).toISOString()}`;
  return `attempt ${first.attempt} in ${first.pid} at ${since}, again in ${again.pid} at ${until}; ${first.pid} ended with ${end}, and said: ${words?.slice(-3).join('; ') || 'nothing'}`;
}

/** Which job a row was in at an instant: the one it was added with, or one of its own that it left that for. */
function jobsByRow({ stored }: Facts): (row: number, at: number) => string {
  const jobs = new Map<number, string>();
  for (const id of stored.addedIds) {
    const { first, last } = rowsOf(id) ?? { first: 1, last: 0 };
    for (let row = first; row <= last; row += 1) jobs.set(row, id);
  }
  return (row, at) =>
    (stored.splitAt.get(row) ?? Number.POSITIVE_INFINITY) <= at ? `own ${row}` : (jobs.get(row) ?? '');
}
