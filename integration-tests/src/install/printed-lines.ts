import { readFile } from 'node:fs/promises';

/** What a code block of a page prints: a file, whose name is its first line, or commands. */
export type Printed =
  | { readonly kind: 'file'; readonly name: string; readonly text: string }
  | { readonly kind: 'commands'; readonly text: string };

const BLOCK = /^```(\w+)\n(.*?)^```$/gms;
const FILE_NAME = /^(?:\/\/|#) ([\w./-]+\.\w+)\n/;

/**
 * Reads the code blocks under a heading of a page, up to the next heading of any level.
 * @param page the path of the page from the root of the repository
 * @throws Error when the page has no such heading, or nothing is printed under it
 */
export async function printedUnder(page: string, heading: string): Promise<readonly Printed[]> {
  const text = await readFile(new URL(`../../../${page}`, import.meta.url), 'utf8');
  const [, section] = text.split(new RegExp(`^#+ ${heading}\n`, 'm'));
  // A heading inside a code block is a comment of a shell or of YAML: it has no empty line before
  // it.
  const [own = ''] = section?.split(/\n\n#+ /) ?? [];
  const printed = [...own.matchAll(BLOCK)].map(([, language = '', code = '']): Printed => {
    const [, name] = FILE_NAME.exec(code) ?? [];
    if (name !== undefined) return { kind: 'file', name, text: code };
    if (language !== 'sh') throw new Error(`${page}, ${heading}: a block is neither a named file nor sh:\n${code}`);
    return { kind: 'commands', text: code };
  });
  if (printed.length === 0) throw new Error(`${page} prints nothing under the heading '${heading}'`);
  return printed;
}
