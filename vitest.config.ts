import { configDefaults, defineConfig } from 'vitest/config';

/**
 * Two projects: `unit` runs without Redis, beside the sources; `integration` runs real processes on
 * a real Redis.
 */
export default defineConfig({
  test: {
    reporters: ['default', './scripts/closing-line.ts'],
    // Integration tests wait more than they compute: more files at once than cores shortens the run
    // to its longest file.
    maxWorkers: 4,
    // Of the tests in a file that may run side by side: each of these starts a fleet.
    maxConcurrency: 3,
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'examples/*/src/**/*.test.ts',
            'integration-tests/src/repo/architecture/*.test.ts',
          ],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          root: './integration-tests',
          include: ['src/**/*.test.ts'],
          // `pnpm test:containers`: they need a Docker engine, and have a configuration of their
          // own. The architecture test needs no Redis: it is a unit test.
          exclude: [...configDefaults.exclude, 'src/containers/**', 'src/repo/architecture/**'],
          globalSetup: ['./src/support/redis.setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
