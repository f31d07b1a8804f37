import { readFile } from 'node:fs/promises';

/** Facts of a Linux distribution, from os-release(5). */
export interface OsRelease {
  /** `debian`, `ubuntu`, `fedora` … */
  readonly id: string;
  /** Its name for people, without the kernel: `Debian`, `Ubuntu`. */
  readonly name: string;
  /** `bookworm`; the version number, or `rolling`, where releases have no code names. */
  readonly codename: string;
  /** Its id, and the ids of the distributions from which it descends. */
  readonly family: readonly string[];
}

/** Parses the text of os-release(5): lines like a shell's `KEY="value"`. */
export function parseOsRelease(text: string): OsRelease {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([A-Z0-9_]+)=(.*)$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) values.set(match[1], unquote(match[2].trim()));
  }
  const id = values.get('ID') || 'linux';
  const ancestors = (values.get('ID_LIKE') ?? '').split(/\s+/).filter((ancestor) => ancestor !== '');
  return {
    id,
    name: (values.get('NAME') || id).replace(/ (GNU\/)?Linux$/, ''),
    codename: values.get('VERSION_CODENAME') || values.get('VERSION_ID') || 'rolling',
    family: [id, ...ancestors],
  };
}

/** Reads this machine's os-release; `undefined` where there is none (macOS, Windows). */
export async function readOsRelease(): Promise<OsRelease | undefined> {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return parseOsRelease(text);
  }
  return undefined;
}

function unquote(value: string): string {
  const quoted = /^(["'])(.*)\1$/.exec(value);
  return (quoted?.[2] ?? value).replace(/\\([$"'`\\])/g, '$1');
}
