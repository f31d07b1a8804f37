import type { SourceTree } from './source-tree.js';
import type { RoomTable, Rules } from './tables.js';

const TEST = /\.test\.[cm]?ts$/;

/** A file imports its own room and the rooms below. Only tests import what lies beside `src`. */
export function checkRooms({ files }: SourceTree, rules: Rules): string[] {
  const convictions: string[] = [];
  for (const table of rules.rooms) {
    for (const { path, imports } of files.values()) {
      const room = roomOf(path, table);
      if (room === -1) continue;
      for (const { file, line } of imports) {
        if (file === undefined) continue;
        const where = `${path}:${line} → ${file}`;
        const theirs = roomOf(file, table);
        if (theirs === -1) {
          const isHelper = file.startsWith(table.source.replace(/src$/, '')) && !file.startsWith(`${table.source}/`);
          if (isHelper && !TEST.test(path))
            convictions.push(`${where}: only tests import test helpers. Move the code into ${table.source}.`);
        } else if (theirs < room) {
          const [above, below] = [theirs, room].map((at) => table.rooms[at]?.join(', '));
          convictions.push(
            `${where}: rooms import downwards, and ${above} stands above ${below}. ` +
              'Move what both need into the lower room, or hand it in from above.',
          );
        }
      }
    }
  }
  return convictions;
}

/** Which room a file is in, counted from the top; -1 when it is in none. */
export function roomOf(path: string, { source, rooms }: RoomTable): number {
  return rooms.findIndex((parts) => parts.some((part) => isWithin(path, `${source}/${part}`)));
}

/** Whether a path is this file, or a file in this folder (`folder/`). A test is where its file is. */
export function isWithin(path: string, place: string): boolean {
  return place.endsWith('/') ? path.startsWith(place) : path.replace('.test.', '.') === place;
}
