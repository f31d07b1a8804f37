import type { BullpenError } from '../job/errors/bullpen-error.js';
import { redactMessage } from '../job/redact-urls.js';
import { showText } from '../job/show-value.js';

/** The exit codes of our commands, from sysexits.h where it has a fitting one. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 64,
  /** Some rows were rejected, or a payload is not valid. */
  data: 65,
  /** Redis is unavailable. */
  unavailable: 69,
  /** Some attempts were cut off; what became of them could not be confirmed. */
  cutOff: 70,
  /** Interrupted. The rest is safe and can be done later. */
  interrupted: 75,
} as const;

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_CODE: ReadonlyMap<string, ExitCode> = new Map<BullpenError['code'], ExitCode>([
  ['BULLPEN_BATCH_CONFLICT', EXIT.usage],
  ['BULLPEN_BATCH_LOST', EXIT.failure],
  ['BULLPEN_BATCH_UNKNOWN', EXIT.usage],
  ['BULLPEN_CONFIG_INVALID', EXIT.usage],
  ['BULLPEN_HANDLERS_INVALID', EXIT.usage],
  ['BULLPEN_JOB_DEFINITION_INVALID', EXIT.usage],
  ['BULLPEN_MODULE_INVALID', EXIT.usage],
  ['BULLPEN_OPTIONS_INVALID', EXIT.usage],
  ['BULLPEN_PAYLOAD_INVALID', EXIT.data],
  ['BULLPEN_QUEUE_FULL', EXIT.interrupted],
  ['BULLPEN_REDIS_UNAVAILABLE', EXIT.unavailable],
  ['BULLPEN_SOURCE_INVALID', EXIT.usage],
]);

/**
 * The exit code for an error that ended a command. Errors of ours have a code each, errors of the
 * command line's parser are usage errors, everything else is 1.
 */
export function exitCodeOf(error: unknown): ExitCode {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string') return EXIT.failure;
  // Help is also what somebody gets who names no command; that is wrong usage.
  if (code.startsWith('commander.')) return (error as { exitCode?: unknown }).exitCode === 0 ? EXIT.ok : EXIT.usage;
  return BY_CODE.get(code) ?? EXIT.failure;
}

/** The line below a usage error: `See bullpen-producer batches --help`. */
export const seeHelp = (path: string): string => `See ${path} --help`;

/** What was typed is wrong, so help helps. */
const WRONG_FLAGS: ReadonlySet<unknown> = new Set<BullpenError['code']>([
  'BULLPEN_CONFIG_INVALID',
  'BULLPEN_OPTIONS_INVALID',
]);

/**
 * Writes one line to stderr that says why a command failed, without passwords, and where help is if
 * an option was wrong. The parser of the command line has already written its own errors; they are
 * not written twice.
 * @param path how the command is called, with its sub-commands: `bullpen-producer batches show`
 * @returns the exit code
 */
export function reportFailure(path: string, error: unknown): ExitCode {
  const code = (error as { code?: unknown } | null)?.code;
  if (!String(code).startsWith('commander.')) {
    // A message quotes what was typed, and names of files and columns, which may hold control
    // characters.
    const reason = showText(redactMessage(error instanceof Error ? error.message : String(error)));
    process.stderr.write(`${path.split(' ')[0]}: ${reason}\n`);
    if (WRONG_FLAGS.has(code)) process.stderr.write(`${seeHelp(path)}\n`);
  }
  return exitCodeOf(error);
}
