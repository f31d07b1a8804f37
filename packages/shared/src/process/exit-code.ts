import type { BullpenError } from '../job/errors.js';
import { showText } from '../job/show-value.js';
import { redactUrls } from '../redis/redis-url.js';

/** What our commands exit with (sysexits where it has a word for it). */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 64,
  /** Some rows were rejected, or a payload is not valid. */
  data: 65,
  /** Redis is unavailable. */
  unavailable: 69,
  /** Something had to be cut off unconfirmed. */
  cutOff: 70,
  /** Interrupted; what was left over is safe and can go on later. */
  interrupted: 75,
} as const;

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_CODE: ReadonlyMap<string, ExitCode> = new Map<BullpenError['code'], ExitCode>([
  ['BULLPEN_BATCH_CONFLICT', EXIT.usage],
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
 * The exit code for an error that ended a command: ours by their code, the command line parser's as
 * usage, anything else 1.
 */
export function exitCodeOf(error: unknown): ExitCode {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string') return EXIT.failure;
  if (code === 'commander.helpDisplayed' || code === 'commander.version' || code === 'commander.help') return EXIT.ok;
  if (code.startsWith('commander.')) return EXIT.usage;
  return BY_CODE.get(code) ?? EXIT.failure;
}

/**
 * Says on stderr why a command failed, in one line and without passwords, and returns what it exits
 * with. The command line's parser says its own piece before it throws; that is not said twice.
 */
export function reportFailure(command: string, error: unknown): ExitCode {
  if (!String((error as { code?: unknown } | null)?.code).startsWith('commander.')) {
    // A message quotes what was typed, and names files and columns: none of that is to command a
    // terminal.
    const reason = showText(redactUrls(error instanceof Error ? error.message : String(error)));
    process.stderr.write(`${command}: ${reason}\n`);
  }
  return exitCodeOf(error);
}
