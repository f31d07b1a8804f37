#!/usr/bin/env node
import { hearEarlySignals } from './early-signals.js';

const heardEarly = hearEarlySignals();
const { runCommand } = await import('./command.js');
const code = await runCommand(process.argv, heardEarly);
try {
  process.exit(code);
} finally {
  // When an exit listener throws, Node does not exit. `process.exit` calls `reallyExit` after its
  // listeners.
  (process as unknown as { reallyExit(code: number): never }).reallyExit(code);
}
