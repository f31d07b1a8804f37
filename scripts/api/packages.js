import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** It names the front doors of the packages, as they are built. */
export const TSCONFIG = `${ROOT}scripts/api/tsconfig.json`;

/** The published packages, in the order in which a reader needs them. */
const FOLDERS = ['shared', 'producer', 'worker', 'dashboard', 'dev-redis'];

/**
 * Each package with its front door for apps. `@bullpen/shared/internal` is for our own packages and
 * no part of the public face.
 */
export const packages = FOLDERS.map((folder) => {
  const home = `${ROOT}packages/${folder}`;
  const { name, description } = JSON.parse(readFileSync(`${home}/package.json`, 'utf8'));
  return { folder, home, name, description, door: `${home}/dist/index.d.ts` };
});
