import { execa } from 'execa';

/** Loads the modules one after the other, as a program that imports them does, and exits. */
const PROGRAM = `
  for (const file of process.argv.slice(1)) {
    process.stdout.write('── ' + file + '\\n');
    await import(file);
  }
  process.exit();
`;

/**
 * Runs built files in one process.
 * @returns what the process said when it did not end well
 */
export async function runFiles(files: readonly string[], cwd: string, redisUrl: string): Promise<string | undefined> {
  const { exitCode, all, timedOut } = await execa(
    process.execPath,
    ['--input-type=module', '--eval', PROGRAM, ...files],
    { cwd, env: { REDIS_URL: redisUrl, PORT: '0' }, all: true, reject: false, timeout: 60_000 },
  );
  return exitCode === 0 ? undefined : `exit ${timedOut ? 'never' : exitCode}: ${all}`;
}
