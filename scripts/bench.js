#!/usr/bin/env node
// Runs the bench, which is built, with a Node 24 at hand: some libraries do not run on ours.
import { join } from 'node:path';
import { folderOfNode, run } from './node-version.js';

const node24 = process.env.BENCH_NODE_24 ?? join(folderOfNode('24'), 'node');
run(process.execPath, ['bench/dist/main.js', ...process.argv.slice(2)], { ...process.env, BENCH_NODE_24: node24 });
