import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { runPrinted } from './app.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A folder outside the checkout that has it as `bullpen`. The apps stand beside it. */
    parent: string;
  }
}

/** Packs our packages with the line that the pages print, and makes the folder for the apps. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const parent = await mkdtemp(join(tmpdir(), 'bullpen-install-'));
  await symlink(fileURLToPath(new URL('../../..', import.meta.url)), join(parent, 'bullpen'));
  await runPrinted(PACK, parent);
  project.provide('parent', parent);
  return () => rm(parent, { recursive: true, force: true, maxRetries: 5 });
}

/**
 * The line of README.md and docs/install.md that packs the packages. A test holds it against both.
 */
export const PACK = '(cd bullpen && npx --yes pnpm@12 pack:all)';
