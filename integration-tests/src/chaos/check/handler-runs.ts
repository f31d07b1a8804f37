import type { Facts } from '../facts.js';
import type { LedgerLine } from '../ledger.js';
import { groupBy } from './group-by.js';
import { clock } from './violation.js';

/** One call of one handler, put together from its lines in the ledger. */
export interface HandlerRun {
  readonly run: string;
  readonly jobId: string;
  /** The job's key: two jobs may have had one id. */
  readonly key: string;
  readonly attempt: number;
  readonly pid: number;
  readonly startedAt: number;
  /** When its signal fired, and with what. */
  readonly aborted: { readonly at: number; readonly reason: string } | undefined;
  /** How it concluded: undefined when its process ended first. */
  readonly conclusion: 'end' | 'threw' | 'left' | undefined;
  /** When it concluded, or when its process ended. */
  readonly endedAt: number;
}

const CONCLUSIONS: ReadonlySet<string> = new Set(['end', 'threw', 'left']);

/** Every call of a handler, by its start. */
export function handlerRuns({ ledger, lives }: Pick<Facts, 'ledger' | 'lives'>): HandlerRun[] {
  const linesOf = groupBy(
    ledger.filter(({ run }) => run !== undefined),
    ({ run }) => run ?? '',
  );
  const runs = [...linesOf].flatMap(([run, lines]): HandlerRun[] => {
    const start = lines.find(({ event }) => event === 'start');
    if (start === undefined) return [];
    const conclusion = lines.find(({ event }) => CONCLUSIONS.has(event));
    const aborted = lines.find(({ event }) => event === 'aborted');
    const life = lives.find(
      ({ pid, startedAt, exitedAt }) => pid === start.pid && startedAt <= start.at && start.at <= exitedAt,
    );
    return [
      {
        ...{
          run,
          jobId: start.jobId ?? '',
          key: start.key ?? '',
          attempt: start.attempt ?? 0,
          pid: start.pid,
          startedAt: start.at,
        },
        aborted: aborted && { at: aborted.at, reason: aborted.reason ?? '' },
        conclusion: conclusion?.event as HandlerRun['conclusion'],
        endedAt: conclusion?.at ?? life?.exitedAt ?? Number.POSITIVE_INFINITY,
      },
    ];
  });
  return runs.toSorted((a, b) => a.startedAt - b.startedAt);
}

/** A run in words. */
export function describeRun({ pid, attempt, startedAt, endedAt, conclusion }: HandlerRun): string {
  const end = Number.isFinite(endedAt) ? clock(endedAt) : 'never';
  return `attempt ${attempt} in ${pid}, ${clock(startedAt)} to ${end} (${conclusion ?? 'process ended'})`;
}

/** The lines of one event. */
export const linesOfEvent = (ledger: readonly LedgerLine[], event: LedgerLine['event']): LedgerLine[] =>
  ledger.filter((line) => line.event === event);
