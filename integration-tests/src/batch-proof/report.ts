import type { JudgedRun } from './judge.js';

const show = (count: number): string => count.toLocaleString('en-US');

/** One run in a line. */
export function describe(run: JudgedRun): string {
  const { scenario, rowsPerJob, stored } = run.facts;
  const { read, added, duplicate, rejected, completed, failed } = stored.books;
  const parts = [
    `${scenario.name}, ${rowsPerJob === 1 ? '1 row' : `${rowsPerJob} rows`} per job`,
    `${(run.durationMs / 1000).toFixed(1)} s`,
    `read ${read}: added ${added}, duplicate ${duplicate}, rejected ${rejected}; completed ${completed}, failed ${failed}`,
    killsOf(run),
    `rows run again ${show(run.startedAgain)}, ${show(run.completedAgain)} of them after their handler had ended`,
    run.violations.length === 0 ? 'clean' : `${show(run.violations.length)} VIOLATIONS`,
  ];
  return parts.join(' · ');
}

function killsOf({ facts }: JudgedRun): string {
  const { scenario, workers, outages, producers, plan } = facts;
  switch (scenario.victim) {
    case 'redis':
      return `Redis killed ${outages.length} times, the producer gave up ${producers.reduce((sum, { gaveUp }) => sum + gaveUp, 0)} times`;
    case 'worker':
      return `${workers.filter(({ signal }) => signal === 'SIGKILL').length} workers killed`;
    case 'producer': {
      const kills = producers.flatMap((end) => end.kills);
      const growing = kills.filter(({ started, killed }) => killed > started && killed < plan.kinds.length).length;
      const late = kills.filter(({ killed, gone }) => gone > killed).length;
      return `${kills.length} producers killed, ${growing} between chunks of theirs, ${late} over a chunk that went in all the same`;
    }
  }
}
