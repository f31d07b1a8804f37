import { createLogger } from '@bullpen/shared';
import { EXIT, type ExitCode } from '@bullpen/shared/command';
import { onStopSignal, showRedis } from '@bullpen/shared/internal';
import type { readCommandLine } from './program.js';

/**
 * Runs the dashboard until it is told to stop, and returns the exit code. A second signal ends the
 * process at once.
 */
export async function serve({ logLevel, options }: ReturnType<typeof readCommandLine>): Promise<ExitCode> {
  const log = createLogger({ level: logLevel });
  const stopped = new Promise<void>((resolve) => {
    onStopSignal((signal, count) => {
      if (count > 1) process.exit(EXIT.interrupted);
      log.info({ signal }, 'dashboard was told to stop');
      resolve();
    });
  });
  // After the listener is there: this takes a while.
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
