import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The integration tests that take longest, the longest first. They start first, so that no run ends
 * with one of them alone.
 */
const LONGEST = [
  ...['chaos/chaos', 'outages/outage', 'repo/examples', 'batches/batch-cli', 'batches/batches-cli'],
  ...['deploys/deploys', 'dashboard/dashboard', 'outages/sentinel', 'batches/batch-proof', 'outages/intake'],
  ...['deploys/watchdog', 'deploys/crash', 'attempts/poison', 'dashboard/browser-batches'],
];

const FORGET_JOBS = 'integration-tests/src/support/forget-jobs.setup.ts';

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification): number => {
      const place = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return place === -1 ? LONGEST.length : place;
    };
    return (await super.sort(files)).toSorted((one, other) => placeOf(one) - placeOf(other));
  }
}

/**
 * Two projects: `unit` runs without Redis, beside the sources; `integration` runs real processes on
 * a real Redis. The files of a project share processes: to load everything anew for each file took
 * two thirds of the time of the unit tests.
 */
export default defineConfig({
  test: {
    reporters: ['default', './scripts/closing-line.ts'],
    sequence: { sequencer: LongestFirst },
    // Of the tests in a file that may run side by side: each of these starts a fleet.
    maxConcurrency: 3,
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'examples/*/src/**/*.test.ts',
            'bench/src/**/*.test.ts',
            'integration-tests/src/repo/{architecture,release}/*.test.ts',
          ],
          isolate: false,
          setupFiles: [FORGET_JOBS],
          maxWorkers: availableParallelism(),
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          root: './integration-tests',
          include: ['src/**/*.test.ts'],
          // `pnpm test:containers`, `pnpm test:docs` and `pnpm test:install` run the first three:
          // they have configurations of their own. The last need no Redis: they are unit tests.
          exclude: [
            ...configDefaults.exclude,
            'src/containers/**',
            'src/docs/**',
            'src/install/**',
            'src/repo/{architecture,release}/**',
          ],
          isolate: false,
          setupFiles: [join(import.meta.dirname, FORGET_JOBS)],
          // Integration tests wait more than they compute: they run more files at once than there
          // are cores.
          maxWorkers: 5,
          sequence: { groupOrder: 1 },
          globalSetup: ['./src/support/redis.setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
