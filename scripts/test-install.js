#!/usr/bin/env node
// Installs our packages into empty apps, as docs/install.md says, and runs them on the oldest Node
// versions that it names: `pnpm test:install`, or `pnpm test:install npm` for one file.
import { join } from 'node:path';
import { folderOfNode, run } from './node-version.js';

const vitest = [join('node_modules', 'vitest', 'vitest.mjs'), 'run', '--config', 'vitest.install.config.ts'];
run(process.execPath, [...vitest, ...process.argv.slice(2)], {
  ...process.env,
  INSTALL_NODE_OLDEST: folderOfNode('20.19.0'),
  INSTALL_NODE_STRIPS_TYPES: folderOfNode('22.18.0'),
});
