#!/usr/bin/env node
// Runs the tests on the newest Node line.
import { join } from 'node:path';
import { folderOfNode, run } from './node-version.js';

const node = join(folderOfNode('26'), 'node');
run(node, ['--version']);
run(node, [join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...process.argv.slice(2)]);
