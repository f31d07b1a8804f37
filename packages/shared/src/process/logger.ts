import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import { describeThrown } from '../job/describe-thrown.js';
import { redactUrls } from '../redis/redis-url.js';

/** A pino logger. */
export type { Logger } from 'pino';

/** Options of {@link createLogger}. */
export interface LoggerOptions {
  /** Default `'info'`. */
  readonly level?: string;
  /**
   * Results own stdout in commands that print some; their logs go to stderr. Default `'stdout'`.
   */
  readonly to?: 'stdout' | 'stderr';
}

/** How much is kept of what a full disk does not take; more is forgotten. */
const MAX_UNWRITTEN = 16 * 1_048_576;

/**
 * A logger: JSON lines in a pipe, readable lines on a terminal. Passwords in URLs are taken out of
 * every line, wherever in it they are. Lines are written at once, so none is lost when the process
 * exits.
 */
export function createLogger({ level = 'info', to = 'stdout' }: LoggerOptions = {}): Logger {
  const stream = process[to];
  const destination = stream.isTTY
    ? pretty({
        destination: stream.fd,
        sync: true,
        colorize: stream.hasColors(),
        ignore: 'pid,hostname',
        translateTime: 'SYS:HH:MM:ss.l',
      })
    : pino.destination({ dest: stream.fd, sync: true, maxLength: MAX_UNWRITTEN });
  // A full disk takes no lines. Unheard, that error would be thrown at whoever logs: a handler, or
  // a signal that asks us to stop.
  destination.on('error', () => undefined);
  return pino(
    {
      level,
      serializers: { err: describeError },
      hooks: { streamWrite: redactUrls },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination,
  );
}

/**
 * An error as pino shows it, but for the command that an error of the Redis client carries: its
 * arguments are passwords and payloads. Anything can be thrown, and reading what was may throw
 * again: a line that says what happened must not.
 */
function describeError(error: unknown): object {
  try {
    if (error instanceof Error) {
      const { command: _, ...described } = pino.stdSerializers.err(error) as unknown as Record<string, unknown>;
      return described;
    }
  } catch {
    // A getter or a proxy that throws.
  }
  return describeThrown(error);
}
