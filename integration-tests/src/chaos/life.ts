/** One line of a worker's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string; readonly time?: string };

/** The life of one worker process, as its orchestrator saw it. */
export interface ExitReason {
  readonly slot: number;
  readonly pid: number;
  readonly startedAt: number;
  readonly exitedAt: number;
  readonly code: number | null;
  readonly signal: string | null;
  /** The signals the orchestrator sent, each with its instant. */
  readonly sent: readonly { readonly signal: string; readonly at: number }[];
  readonly log: readonly LogLine[];
}

/** When this line was logged. */
export const loggedAt = (line: LogLine | undefined): number | undefined =>
  line?.time === undefined ? undefined : Date.parse(line.time);

/**
 * The lines of one life with their times by the host's clock. The wall clock of the process was ahead
 * of it by each of these skews for a while, or right. They lie minutes apart, and a life is short: only
 * one of them leads into it.
 */
export function byHostClock(
  log: readonly LogLine[],
  skews: readonly number[],
  life: { readonly from: number; readonly to: number },
): readonly LogLine[] {
  if (skews.length === 0) return log;
  return log.map((line) => {
    const said = loggedAt(line) ?? Number.NaN;
    const at = [0, ...skews].map((skew) => said - skew).find((time) => time >= life.from && time <= life.to);
    return at === undefined ? line : { ...line, time: new Date(at).toISOString() };
  });
}

/** A worker's line of this message, if there is one. */
export const lineOf = ({ log }: Pick<ExitReason, 'log'>, msg: string): LogLine | undefined =>
  log.find((line) => line.msg === msg);

/** Whether it is a warning or worse: `level` is pino's. */
export const isWarning = ({ level }: LogLine): boolean => Number(level) >= 40;

export const READY = 'worker ready';
export const TOLD = 'worker was told to stop; draining';
export const STOPPED = 'worker stopped';
