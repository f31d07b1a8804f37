import { EXIT } from '@bullpen/shared/command';
import { FATE } from '@bullpen/shared/internal';
import type { Facts } from './facts.js';
import { rowsOf } from './job.js';
import { ENDS, expectedCounts } from './rows.js';

/** The books, and the last run of each producer, count the whole batch as planned. */
export function checkCounts({ plan, stored, producers, scenario }: Facts): string[] {
  const expected = Object.entries(expectedCounts(plan));
  const wrong = expected
    .filter(([name, count]) => Number(stored.books[name]) !== count)
    .map(([name, count]) => `the books have ${name} ${stored.books[name] ?? 'nowhere'}, planned were ${count}`);
  const code = expectedCounts(plan).rejected > 0 ? EXIT.data : EXIT.ok;
  for (const [seat, end] of producers.entries()) {
    if (end.code !== code) wrong.push(`producer ${seat} ended with ${end.code}, not ${code}`);
    if (end.gaveUp > 0 && scenario.victim !== 'redis') wrong.push(`producer ${seat} found no Redis, which was there`);
    for (const [name, count] of expected.slice(0, REPORTED)) {
      const said = end.report?.[name];
      if (said !== count) wrong.push(`producer ${seat} said ${name} ${said}, planned were ${count}`);
    }
  }
  const { failed } = expectedCounts(plan);
  if (stored.failures !== failed) wrong.push(`${stored.failures} failures are kept, of ${failed}`);
  return wrong;
}

/** The counts that a producer reports: read, added, duplicate, rejected. */
const REPORTED = 4;

const FATES = Object.keys(FATE);

/** Each row has its planned fate; a row that was not added has none. */
export function checkFates({ plan, stored }: Facts): string[] {
  return plan.kinds.flatMap((kind, at) => {
    const [fate, planned] = [stored.fates[at] ?? 0, ENDS[kind]?.fate ?? FATE.open];
    return fate === planned ? [] : [`row ${at + 1}, ${kind}, is ${FATES[fate]} and not ${FATES[planned]}`];
  });
}

/** Each row that the plan adds is in exactly one job, and BullMQ counted no other jobs. */
export function checkAdded({ plan, stored }: Facts): string[] {
  const times = new Array<number>(plan.kinds.length).fill(0);
  const wrong: string[] = [];
  for (const id of stored.addedIds) {
    const rows = rowsOf(id);
    if (rows === undefined) wrong.push(`a job was added that is none of the batch: ${id}`);
    else for (let row = rows.first; row <= rows.last; row += 1) times[row - 1] = (times[row - 1] ?? 0) + 1;
  }
  for (const [at, kind] of plan.kinds.entries()) {
    // A range of rows also includes those within it that were not added.
    if (ENDS[kind] !== undefined && times[at] !== 1) wrong.push(`row ${at + 1}, ${kind}, was added ${times[at]} times`);
  }
  if (stored.addedJobs !== stored.addedIds.length) {
    wrong.push(`${stored.addedJobs} jobs were counted, ${stored.addedIds.length} were added`);
  }
  return wrong;
}
