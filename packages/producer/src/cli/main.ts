#!/usr/bin/env node
import { inFlags, reportFailure } from '@bullpen/shared/command';
import type { BatchStopped } from '../batch/batch-result.js';
import { optionFlags } from './option-flags.js';
import { standardOutput } from './output.js';
import { buildProgram } from './program.js';

/** Runs the command and exits with the code that it chose. */
async function main(): Promise<void> {
  const { program, exitCode, path } = buildProgram();
  try {
    await program.parseAsync(process.argv);
    await written();
    process.exit(exitCode());
  } catch (error) {
    const code: BatchStopped['code'] = 'BULLPEN_BATCH_STOPPED';
    const reason = error instanceof Error && 'code' in error && error.code === code ? error.cause : error;
    process.exit(reportFailure(path(), inFlags(reason, optionFlags)));
  }
}

/**
 * Waits until the standard output has taken everything. A full disk is reported in a later turn of
 * the event loop, and the answer of a command must not be lost with exit code 0.
 */
async function written(): Promise<void> {
  await standardOutput().commit();
  await new Promise((resolve) => setImmediate(resolve));
}

// A reader that has read enough (`| head -1`) closes the pipe. That is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.exit(reportFailure('bullpen-producer', new Error(`cannot write the standard output: ${error.message}`)));
});

// Messages on stderr are for people. If nobody reads them, the work goes on.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

await main();
