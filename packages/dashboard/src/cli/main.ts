#!/usr/bin/env node
import { createLogger } from '@bullpen/shared';
import { EXIT, type ExitCode, inFlags, onStopSignal, reportFailure, showRedis } from '@bullpen/shared/internal';
import { readCommandLine } from './program.js';
import { settings } from './settings.js';

/**
 * Runs the dashboard until it is told to stop, and returns the exit code. A second signal ends the
 * process at once.
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
  // Not before the command line is read: help and wrong flags need no server.
  const { startDashboard } = await import('../dashboard.js');
  const dashboard = await startDashboard({ ...options, logger: log });
  const { readOnly = false, password } = options;
  const login = password !== undefined;
  const where = { url: dashboard.url, redis: showRedis(options.redis), prefix: options.prefix };
  log.info({ ...where, readOnly, login }, 'dashboard ready');
  if (!login) log.warn('no password is set: everybody on this machine can look and act; nobody else can connect');
  try {
    // `ready` rejects when Redis refuses us; that ends the wait, too.
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
  process.exit(reportFailure('bullpen-dashboard', inFlags(error, settings)));
}
