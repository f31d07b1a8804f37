import { defineConfig } from 'vitest/config';

/**
 * Tests of images, the compose file and real containers: `pnpm test:containers`. A configuration of
 * their own, so that `pnpm test` runs on machines without an engine.
 */
export default defineConfig({
  test: {
    name: 'containers',
    reporters: ['default', './scripts/closing-line.ts'],
    root: './integration-tests',
    include: ['src/containers/**/*.test.ts'],
    globalSetup: ['./src/containers/support/ground.setup.ts'],
    // One file of them is the fleet, which has the machine's cores to itself for most of its time;
    // the others go on beside it, one after the other.
    maxWorkers: 2,
    maxConcurrency: 3,
    testTimeout: 300_000,
    hookTimeout: 120_000,
  },
});
