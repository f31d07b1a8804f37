/** What ARCHITECTURE.md says about imports, in its own order. */
export interface Rules {
  readonly packages: readonly PackageRule[];
  readonly rooms: readonly RoomTable[];
  readonly doors: readonly DoorRule[];
}

/** A row of the table of packages: `packages/worker | shared shared/internal`. */
interface PackageRule {
  readonly folder: string;
  /** Specifiers of ours that it may import: `@bullpen/shared/internal`. */
  readonly mayImport: readonly string[];
}

/** The rooms of one package, top to bottom. A room is folders (`cli/`) and files (`worker.ts`). */
export interface RoomTable {
  /** `packages/worker/src` */
  readonly source: string;
  readonly rooms: readonly (readonly string[])[];
}

/** A row of the table of doors: `bullmq | packages/worker/src/bullmq/`. */
interface DoorRule {
  /** Names of npm packages, or paths of this repository. */
  readonly things: readonly string[];
  /** True when the row says `all but`: then the paths are those that may not. */
  readonly isExcept: boolean;
  readonly paths: readonly string[];
}

const SCOPE = '@bullpen';

/**
 * Reads the tables under "Who may import whom". A table is known by its head: `package`, `door`, or
 * the folder whose rooms it lists. What is between backticks counts, other words are for people.
 *
 * @throws Error when the chapter or a table in it is missing
 */
export function readRules(architecture: string): Rules {
  const chapter = architecture.split(/^## /m).find((text) => text.startsWith('Who may import whom'));
  if (chapter === undefined) throw new Error('ARCHITECTURE.md has no chapter "Who may import whom"');
  const packages: PackageRule[] = [];
  const doors: DoorRule[] = [];
  const rooms: RoomTable[] = [];
  for (const [head = [], ...rows] of readTables(chapter)) {
    const [title = ''] = head;
    if (title === 'package') {
      for (const [folders = '', names = ''] of rows) {
        const mayImport = quoted(names).map((name) => `${SCOPE}/${name}`);
        packages.push(...quoted(folders).map((folder) => ({ folder, mayImport })));
      }
    } else if (title === 'door') {
      for (const [things = '', paths = ''] of rows)
        doors.push({ things: quoted(things), isExcept: paths.startsWith('all but'), paths: quoted(paths) });
    } else if (quoted(title).length === 1) {
      rooms.push({ source: quoted(title)[0] as string, rooms: rows.map(([room = '']) => quoted(room)) });
    } else throw new Error(`ARCHITECTURE.md has a table of imports with an unknown head: ${title}`);
  }
  if (packages.length === 0 || doors.length === 0 || rooms.length === 0)
    throw new Error('"Who may import whom" lacks the table of packages, of doors, or of rooms');
  return { packages, rooms, doors };
}

/** Each table as rows of cells, without the line under the head. */
function readTables(chapter: string): string[][][] {
  const blocks = chapter.split(/\n\s*\n/).map((block) => block.trim().split('\n'));
  const tables = blocks.filter(([, line = '']) => /^[\s:|-]+$/.test(line) && line.includes('|'));
  return tables.map(([head = '', , ...rows]) => [head, ...rows].map(readCells));
}

const readCells = (line: string): string[] =>
  line
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim());

const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text as string);
