#!/usr/bin/env node
// Runs tests on other Node lines: `test-on-node.js 20,22 --project integration watchdog`.
import { join } from 'node:path';
import { folderOfNode, run } from './node-version.js';

const [lines, ...args] = process.argv.slice(2);
for (const line of lines.split(',')) {
  const node = join(folderOfNode(line), 'node');
  run(node, ['--version']);
  run(node, [join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...args]);
}
