import { ruleFor } from './check-packages.js';
import { isWithin, roomOf } from './check-rooms.js';
import type { SourceTree } from './source-tree.js';
import type { Rules } from './tables.js';

/** The tables name what is there, and what is there is in the tables. */
export function checkTables({ files, packages }: SourceTree, rules: Rules): string[] {
  const convictions: string[] = [];
  const paths = [...files.keys()];
  const expectPlace = (place: string): void => {
    if (!paths.some((path) => isWithin(path, place)))
      convictions.push(`ARCHITECTURE.md names ${place}, which does not exist. Correct or delete it.`);
  };

  for (const { folder } of rules.packages) expectPlace(`${folder}/`);
  for (const { folder } of packages)
    if (ruleFor(folder, rules) === undefined)
      convictions.push(`${folder} is in no row of ARCHITECTURE.md's table of packages. Add it.`);

  for (const table of rules.rooms) {
    for (const room of table.rooms.flat()) expectPlace(`${table.source}/${room}`);
    const homeless = paths.filter((path) => path.startsWith(`${table.source}/`) && roomOf(path, table) === -1);
    for (const path of homeless)
      convictions.push(
        `${path} is in no room of ARCHITECTURE.md's table of ${table.source}. Move it, or add its room.`,
      );
  }

  for (const { things, paths: places } of rules.doors)
    for (const place of [...places, ...things.filter((thing) => thing.includes('/src/'))]) expectPlace(place);
  return convictions;
}
