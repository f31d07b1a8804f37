#!/usr/bin/env node
import { hearEarlySignals } from './early-signals.js';

const heardEarly = hearEarlySignals();
const { runCommand } = await import('./run.js');
const code = await runCommand(process.argv, heardEarly);
try {
  process.exit(code);
} finally {
  // An exit hook threw, and Node stayed. `reallyExit` is what `process.exit` calls when its hooks
  // are through.
  (process as unknown as { reallyExit(code: number): never }).reallyExit(code);
}
