import { defineConfig } from 'vitest/config';

/**
 * Installs our packages into empty apps: `pnpm test:install`. A configuration of their own, because
 * they fetch a few hundred packages from the registry.
 */
export default defineConfig({
  test: {
    name: 'install',
    reporters: ['default', './scripts/closing-line.ts'],
    root: './integration-tests',
    include: ['src/install/**/*.test.ts'],
    globalSetup: ['./src/install/ground.setup.ts'],
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
