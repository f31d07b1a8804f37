import { validate } from 'dockerfile-utils';
import { parseAllDocuments } from 'yaml';
import type { CodeBlock } from './code-blocks.js';

/** Text that nothing here can check: what is printed, and configurations of other programs. */
const UNCHECKED = new Set(['', 'caddyfile', 'md', 'nginx', 'text']);
const CHECKED: Readonly<Record<string, (text: string) => string[]>> = {
  json: (text) => faultsOf(() => JSON.parse(text)),
  jsonc: (text) => faultsOf(() => JSON.parse(text.replace(/^\s*\/\/.*$/gm, ''))),
  yaml: (text) => parseAllDocuments(text).flatMap(({ errors }) => errors.map(({ message }) => message)),
  dockerfile: (text) => validate(text).map(({ message, range }) => `line ${range.start.line + 1}: ${message}`),
};

/** Checks a block that is neither a program nor a command. Undefined for a language of those. */
export function checkData({ language, text }: CodeBlock): string[] | undefined {
  return UNCHECKED.has(language) ? [] : CHECKED[language]?.(text);
}

function faultsOf(parse: () => unknown): string[] {
  try {
    parse();
    return [];
  } catch (error) {
    return [String(error)];
  }
}
