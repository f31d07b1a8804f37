import { isWithin } from './check-rooms.js';
import type { Import, SourceTree } from './source-tree.js';
import type { Rules } from './tables.js';

/** Each edge of the system has one door: the files that may import a thing. */
export function checkDoors({ files }: SourceTree, { doors }: Rules): string[] {
  const convictions: string[] = [];
  for (const { path, imports } of files.values()) {
    for (const { things, paths, isExcept } of doors) {
      const isListed = paths.some((place) => isWithin(path, place));
      if (isListed !== isExcept) continue;
      for (const one of imports) {
        const thing = things.find((name) => reaches(one, name, path));
        if (thing === undefined) continue;
        const advice = isExcept ? 'Hand it in as a value.' : `Only ${paths.join(', ')} may: use what they export.`;
        convictions.push(`${path}:${one.line} → ${one.specifier}: this file may not import ${thing}. ${advice}`);
      }
    }
  }
  return convictions;
}

/** A thing with a path of ours is reached through front doors as well. */
function reaches({ specifier, origins }: Import, thing: string, from: string): boolean {
  if (specifier === thing || specifier.startsWith(`${thing}/`)) return true;
  return !isWithin(from, thing) && origins.some((file) => isWithin(file, thing));
}
