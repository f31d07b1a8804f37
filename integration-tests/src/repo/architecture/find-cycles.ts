import type { SourceTree } from './source-tree.js';

/** Files that import each other in a circle, types included: one conviction for each circle. */
export function findCycles({ files }: SourceTree): string[] {
  const convictions: string[] = [];
  const way: string[] = [];
  const done = new Set<string>();
  const visit = (path: string): void => {
    const start = way.indexOf(path);
    if (start >= 0) {
      const circle = [...way.slice(start), path].join(' → ');
      convictions.push(`${circle}: these files import each other. Move what they share into a file of its own.`);
    }
    if (start >= 0 || done.has(path)) return;
    way.push(path);
    const targets = new Set(files.get(path)?.imports.map(({ file }) => file));
    for (const file of targets) if (file !== undefined) visit(file);
    way.pop();
    done.add(path);
  };
  for (const path of files.keys()) visit(path);
  return convictions;
}
