#!/usr/bin/env node
import { hearEarlySignals } from './early-signals.js';

const heardEarly = hearEarlySignals();
const { runCommand } = await import('./cli/run.js');
process.exit(await runCommand(process.argv, heardEarly));
