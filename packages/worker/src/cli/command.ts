import { type ExitCode, inFlags, reportFailure } from '@bullpen/shared/command';
import { readCommandLine } from './program.js';
import { settings } from './settings.js';

/** The settings by the names of the library's options. */
const byOption = { ...settings, port: settings.healthPort, host: settings.healthHost };

/**
 * Runs the command and returns its exit code.
 * @param takeOver stops the recording of early signals, and returns them
 */
export async function runCommand(argv: readonly string[], takeOver: () => NodeJS.Signals[]): Promise<ExitCode> {
  try {
    const config = readCommandLine(argv);
    // Not before the command line is read: help and wrong flags need nothing else.
    const { run } = await import('./run.js');
    return await run(config, takeOver);
  } catch (error) {
    return reportFailure('bullpen-worker', inFlags(error, byOption));
  }
}
