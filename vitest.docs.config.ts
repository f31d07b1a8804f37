import { defineConfig } from 'vitest/config';

/**
 * Checks every code block of every document: `pnpm test:docs`. A command of its own, as it starts a
 * Redis and some processes for each document.
 */
export default defineConfig({
  test: {
    name: 'docs',
    reporters: ['default', './scripts/closing-line.ts'],
    include: ['integration-tests/src/docs/**/*.test.ts', 'scripts/api/*.test.js'],
    isolate: false,
    maxConcurrency: 3,
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
});
