#!/usr/bin/env node
import { createLogger } from '@bullpen/shared';
import { EXIT, type ExitCode, onStopSignal, reportFailure, showRedis } from '@bullpen/shared/internal';
import { startDashboard } from '../dashboard.js';
import { inFlags } from './in-flags.js';
import { readCommandLine } from './program.js';

/**
 * Runs until it is told to stop, and returns what to exit with. A second signal ends the process at
 * once.
 */
async function run(): Promise<ExitCode> {
  const { logLevel, options } = readCommandLine(process.argv);
  const log = createLogger({ level: logLevel });
  const stopped = new Promise<void>((resolve) => {
    onStopSignal((signal, count) => {
      if (count > 1) process.exit(EXIT.interrupted);
      log.info({ signal }, 'dashboard was told to stop');
      resolve();
    });
  });
  const dashboard = await startDashboard({ ...options, logger: log });
  const { readOnly = false, password } = options;
  const login = password !== undefined;
  const where = { url: dashboard.url, redis: showRedis(options.redis), prefix: options.prefix };
  log.info({ ...where, readOnly, login }, 'dashboard ready');
  if (!login) log.warn('there is no password: anybody on this machine may look and act; nobody else can connect');
  try {
    // `ready` ends the wait only when Redis refuses us, with the reason.
    await Promise.race([stopped, dashboard.ready.then(() => stopped)]);
  } finally {
    await dashboard.close();
  }
  log.info('dashboard stopped');
  return EXIT.ok;
}

try {
  process.exit(await run());
} catch (error) {
  process.exit(reportFailure('bullpen-dashboard', inFlags(error)));
}
