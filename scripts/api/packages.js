import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The published packages, in the order in which a reader needs them. */
const FOLDERS = ['shared', 'producer', 'worker', 'dashboard', 'dev-redis'];

/** A package with its front door for apps, as it is built. */
export function readPackage(home) {
  const { name, description } = JSON.parse(readFileSync(`${home}/package.json`, 'utf8'));
  return { folder: home.split('/').at(-1), home, name, description, door: `${home}/dist/index.d.ts` };
}

/**
 * The public face. `@bullpen/shared/internal` is for our own packages and no part of it.
 */
export const FACE = {
  packages: FOLDERS.map((folder) => readPackage(`${ROOT}packages/${folder}`)),
  /** It names the front doors. */
  tsconfig: `${ROOT}scripts/api/tsconfig.json`,
  reports: `${ROOT}api`,
  pages: `${ROOT}docs/api`,
};
