import { createRequire } from 'node:module';
import type { Logger } from 'pino';
import type { build, PrettyStream } from 'pino-pretty';
import { describeThrown } from '../job/describe-thrown.js';
import { OptionsInvalid } from '../job/errors/call-errors.js';
import { isOptions } from '../job/is-options.js';
import { type OptionTable, optionFaults } from '../job/option-faults.js';
import { redactUrls } from '../job/redact-urls.js';
import { showValue } from '../job/show-value.js';
import { LOG_LEVELS } from './log-levels.js';

/** A pino logger. */
export type { Logger } from 'pino';

/** Options of {@link createLogger}. */
export interface LoggerOptions {
  /** The lowest level that is written: `'debug'`, `'info'`, `'warn'`, … Default `'info'`. */
  readonly level?: string | undefined;
  /** A command that prints results to stdout logs to stderr. Default `'stdout'`. */
  readonly to?: 'stdout' | 'stderr' | undefined;
}

const LOGGER_OPTIONS: OptionTable<LoggerOptions> = { level: true, to: true };
const load = createRequire(import.meta.url);

/** How many bytes of log lines are kept while a full disk takes none; more are dropped. */
const MAX_UNWRITTEN = 16 * 1_048_576;

/**
 * Makes a pino logger. It writes JSON lines in a pipe and readable lines on a terminal; without
 * pino-pretty, which is an optional dependency, it writes JSON there too and says so once.
 * Passwords in URLs are removed from every line, anywhere in it. Lines are written synchronously,
 * so that none is lost when the process exits.
 * @param options its level, and where it writes
 * @example
 * const log = createLogger({ level: 'debug' });
 * log.info({ invoice: 'inv_1042' }, 'invoice sent');
 * @throws OptionsInvalid for an option that it does not have, and for an unknown level
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const faults = optionFaults(options, LOGGER_OPTIONS, 'createLogger');
  const { level = 'info', to = 'stdout' } = isOptions(options) ? options : {};
  if (!LOG_LEVELS.some((known) => known === level)) {
    faults.push({ path: 'level', reason: `expected ${LOG_LEVELS.join(', ')}, got ${showValue(level)}` });
  }
  if (to !== 'stdout' && to !== 'stderr') {
    faults.push({ path: 'to', reason: `expected 'stdout' or 'stderr', got ${showValue(to)}` });
  }
  if (faults.length > 0) throw new OptionsInvalid('cannot create the logger', faults);
  // Loaded here: defining a job, and most commands, need no logger.
  const { pino }: typeof import('pino') = load('pino');
  const stream = process[to];
  const pretty = stream.isTTY ? prettyStream(stream) : undefined;
  const destination = pretty ?? pino.destination({ dest: stream.fd, sync: true, maxLength: MAX_UNWRITTEN });
  // A full disk takes no lines. Without this listener the error would be thrown in the code that
  // logs: in a handler, or in the listener of a stop signal.
  destination.on('error', () => undefined);
  const log = pino(
    {
      level,
      serializers: { err: (error: unknown) => describeError(error, pino.stdSerializers.err) },
      hooks: { streamWrite: redactUrls },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination,
  );
  if (stream.isTTY && pretty === undefined && !hinted) {
    hinted = true;
    log.info('log lines are JSON here, because pino-pretty is not installed: npm install pino-pretty');
  }
  return log;
}

/** Whether this process has said how to get readable lines. */
let hinted = false;

/**
 * A stream that writes readable lines, or undefined where pino-pretty cannot be loaded. It is an
 * optional dependency, which an install may leave out (`npm install --omit=optional`).
 */
function prettyStream(stream: (typeof process)['stdout' | 'stderr']): PrettyStream | undefined {
  try {
    const pretty: typeof build = load('pino-pretty');
    return pretty({
      destination: stream.fd,
      sync: true,
      colorize: stream.hasColors(),
      ignore: 'pid,hostname',
      translateTime: 'SYS:HH:MM:ss.l',
    });
  } catch {
    return undefined;
  }
}

/**
 * Describes an error like pino, but without the `command` of the Redis client's errors, whose
 * arguments are passwords and payloads. Anything can be thrown, and reading its properties may
 * throw again; logging it must not.
 */
function describeError(error: unknown, describe: (error: Error) => object): object {
  try {
    if (error instanceof Error) {
      const { command: _, ...described } = describe(error) as Record<string, unknown>;
      return described;
    }
  } catch {
    // A getter or a proxy threw.
  }
  return describeThrown(error);
}
