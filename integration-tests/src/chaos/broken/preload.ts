import { register } from 'node:module';

/**
 * Puts an old fault back into the process that loads this first (`node --import`): `OLD_FAULT` says
 * which one. The modules of our packages are changed as they are loaded.
 */
register(new URL('edit-modules.js', import.meta.url));
