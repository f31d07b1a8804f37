import { DevRedisUnavailable } from '@bullpen/dev-redis';
import { CommanderError } from 'commander';

/**
 * Runs a program of this folder, `chaos` or `proof:poison`, and ends the process: with the code that
 * it answers, 64 for wrong flags, 69 without a Redis, 70 for any other error.
 */
export async function runProgram(name: string, main: () => Promise<number>): Promise<never> {
  // Ctrl-C leaves through `exit`, which ends every process that we started.
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  process.exit(
    await main().catch((error: unknown) => {
      if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64;
      process.stderr.write(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      return error instanceof DevRedisUnavailable ? 69 : 70;
    }),
  );
}
