#!/usr/bin/env node
import { reportFailure } from '@bullpen/shared/internal';
import { BatchStopped } from '../batch/batch-result.js';
import { inFlags } from './in-flags.js';
import { buildProgram } from './program.js';

/** The one place that ends the process: each command says with which code. */
async function main(): Promise<void> {
  try {
    const { program, exitCode } = buildProgram();
    await program.parseAsync(process.argv);
    process.exit(exitCode());
  } catch (error) {
    const reason = error instanceof BatchStopped ? error.cause : error;
    process.exit(reportFailure('bullpen-producer', inFlags(reason)));
  }
}

// A reader that has seen enough (`| head -1`) closes the pipe: that is no fault of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.exit(reportFailure('bullpen-producer', new Error(`cannot write the standard output: ${error.message}`)));
});

// What is said on stderr is for people, and if nobody reads it the work goes on.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

await main();
