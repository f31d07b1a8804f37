import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkDoors } from './check-doors.js';
import { checkPackages } from './check-packages.js';
import { checkRooms } from './check-rooms.js';
import { checkTables } from './check-tables.js';
import { findCycles } from './find-cycles.js';
import { readTree } from './source-tree.js';
import { readRules } from './tables.js';

/**
 * Holds a repository's imports against the tables of its ARCHITECTURE.md. Each conviction says which
 * file imports which, the rule, and what to do.
 */
export async function checkArchitecture(repository: string): Promise<string[]> {
  const rules = readRules(await readFile(join(repository, 'ARCHITECTURE.md'), 'utf8'));
  const tree = await readTree(repository);
  return [
    ...checkTables(tree, rules),
    ...checkPackages(tree, rules),
    ...checkRooms(tree, rules),
    ...checkDoors(tree, rules),
    ...findCycles(tree),
  ];
}
