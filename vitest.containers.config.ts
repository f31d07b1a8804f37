import { defineConfig } from 'vitest/config';

/** Tests of images, the compose file and real containers: `pnpm test:containers`. A configuration of their own, so that `pnpm test` runs on machines without an engine. */
export default defineConfig({
  test: {
    name: 'containers',
    reporters: ['default', './scripts/closing-line.ts'],
    root: './integration-tests',
    include: ['src/containers/**/*.test.ts'],
    globalSetup: ['./src/containers/support/ground.setup.ts'],
    // They wait for containers more than they compute.
    maxWorkers: 6,
    maxConcurrency: 4,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
