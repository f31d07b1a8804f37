import type { Facts } from './facts.js';
import type { RowLine } from './handlers.js';
import { rowsOf } from './job.js';

/** Two starts of the same attempt at a row. */
export interface Repeat {
  readonly first: RowLine;
  readonly again: RowLine;
}

/**
 * A worker that was killed had in hand only what it did shortly before: by then Redis has the ends
 * of all earlier rows. In a shared job the row that began last is the one in hand, however slow
 * everything is.
 */
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

/**
 * Each repeat is explained by a kill. Of the rows of one job a kill explains only the one that
 * began last: the others were not in hand.
 */
export function checkRepeats(repeats: readonly Repeat[], facts: Facts): string[] {
  const slotOf = slotsOf(facts);
  const last = new Map<string, number>();
  for (const line of facts.ledger) if (line.event === 'start') last.set(slotOf(line).name, line.row);
  return repeats.flatMap((repeat) => {
    const { row } = repeat.first;
    const slot = slotOf(repeat.first);
    if (!isExplained(repeat, slot.isShared, facts)) {
      return [`row ${row} ran again, and nothing was killed under it: ${tell(repeat, facts)}`];
    }
    const after = last.get(slot.name);
    if (facts.scenario.victim !== 'worker' || after === row) return [];
    return [
      `row ${row} ran again, though row ${after} was begun after it, both of job ${slot.name}: ${tell(repeat, facts)}`,
    ];
  });
}

function isExplained({ first }: Repeat, isShared: boolean, { scenario, workers, outages }: Facts): boolean {
  const isInHand = (from: number, to: number): boolean => from <= first.at + IN_HAND_MS && to >= first.at;
  if (scenario.victim === 'redis') return outages.some(({ startedAt, endedAt }) => isInHand(startedAt, endedAt));
  const life = workers.find(({ pid }) => pid === first.pid);
  const kill = life?.sent.find(({ signal }) => signal === 'SIGKILL');
  if (life === undefined || kill === undefined) return false;
  // It died between the two starts; on a busy machine we hear of it late.
  return isShared && scenario.victim === 'worker' ? life.exitedAt >= first.at : isInHand(kill.at, life.exitedAt);
}

/**
 * Everything that is known of a repeat without explanation, with the last words of the worker that
 * had the row first.
 */
function tell({ first, again }: Repeat, { workers }: Facts): string {
  const life = workers.find(({ pid }) => pid === first.pid);
  const words = life?.log.filter(({ msg }) => /lease|stood still/.test(msg)).map(({ msg, time }) => `${time} ${msg}`);
  const [since, until] = [first.at, again.at].map((at) => new Date(at).toISOString());
  const end = `${life?.signal ?? life?.code} at ${new Date(life?.exitedAt ?? 0).toISOString()}`;
  return `attempt ${first.attempt} in ${first.pid} at ${since}, again in ${again.pid} at ${until}; ${first.pid} ended with ${end}, and said: ${words?.slice(-3).join('; ') || 'nothing'}`;
}

/**
 * Which job a row was begun in, and in which process: the job that it was added with, or a job of
 * its own that it left that one for; and whether other rows are in it.
 */
function slotsOf({ stored }: Facts): (start: RowLine) => { readonly name: string; readonly isShared: boolean } {
  const jobs = new Map<number, string>();
  const alone = new Set<number>();
  for (const id of stored.addedIds) {
    const { first, last } = rowsOf(id) ?? { first: 1, last: 0 };
    for (let row = first; row <= last; row += 1) jobs.set(row, id);
    if (first === last) alone.add(first);
  }
  return ({ row, pid, at }) => {
    const hasLeft = (stored.splitAt.get(row) ?? Number.POSITIVE_INFINITY) <= at;
    const job = hasLeft ? `own ${row}` : (jobs.get(row) ?? '');
    return { name: `${job} in ${pid}`, isShared: !hasLeft && !alone.has(row) };
  };
}
