#!/usr/bin/env node
import { inFlags, reportFailure } from '@bullpen/shared/command';
import { readCommandLine } from './program.js';
import { settings } from './settings.js';

try {
  const told = readCommandLine(process.argv);
  // Not before the command line is read: help and wrong flags need no server.
  const { serve } = await import('./serve.js');
  process.exit(await serve(told));
} catch (error) {
  process.exit(reportFailure('bullpen-dashboard', inFlags(error, settings)));
}
