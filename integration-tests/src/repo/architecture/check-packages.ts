import type { SourceTree } from './source-tree.js';
import type { Rules } from './tables.js';

/**
 * A package imports the packages of its row alone, through their front doors alone; a relative path
 * does not leave its package.
 */
export function checkPackages({ files, packages }: SourceTree, rules: Rules): string[] {
  const convictions: string[] = [];
  const isOurs = (specifier: string, name: string): boolean => specifier === name || specifier.startsWith(`${name}/`);
  for (const { path, home, imports } of files.values()) {
    const mayImport = ruleFor(home, rules)?.mayImport ?? [];
    for (const { specifier, file, line } of imports) {
      const where = `${path}:${line} → ${specifier}`;
      if (specifier.startsWith('.')) {
        const theirs = file === undefined ? undefined : files.get(file);
        if (theirs !== undefined && theirs.home !== home)
          convictions.push(`${where}: a relative path leaves ${home}. Import ${theirs.home} by its name.`);
        continue;
      }
      const target = packages.find(({ name }) => isOurs(specifier, name));
      if (target === undefined || mayImport.includes(specifier) || specifier.endsWith('/package.json')) continue;
      const allowed = mayImport.filter((door) => isOurs(door, target.name));
      convictions.push(
        allowed.length > 0
          ? `${where}: this passes the front door. Import ${allowed.join(' or ')}, and export from there what is missing.`
          : `${where}: ${home} may not import ${target.name}. Move what both need into a package that both may import.`,
      );
    }
  }
  return convictions;
}

/** The row of a package: its own, or that of the folder around it. */
export function ruleFor(home: string, { packages }: Rules): Rules['packages'][number] | undefined {
  const around = packages.filter(({ folder }) => `${home}/`.startsWith(`${folder}/`));
  return around.sort((a, b) => b.folder.length - a.folder.length)[0];
}
