import type { CheckedSource, TypeFault } from './check-types.js';
import { type CodeBlock, contextOf } from './code-blocks.js';

/** A code block of TypeScript or JavaScript as a file. */
export interface TypedBlock extends CheckedSource {
  readonly block: CodeBlock;
  /** How many lines stand in the file before the first line of the block. */
  readonly linesBefore: number;
  /** Whether it can run by itself: it is no test, and nothing in it is only declared. */
  readonly runs: boolean;
}

const LANGUAGES = new Set(['ts', 'js', 'mjs', 'cjs', 'mts', 'cts']);
const NAME = /^\/\/ ((?:[\w-]+\/)*[\w.-]+\.[cm]?[jt]s)\b/;

/** The folder of a document's files: `docs/batches.md` has `docs-batches`. */
export const folderOf = (document: string): string => document.replace(/\.md$/, '').replaceAll('/', '-');

/**
 * Makes files of the TypeScript and JavaScript blocks of documents. A block whose first line is a
 * comment with a file's name is that file, so that the document's other blocks can import it. A
 * document without a file `jobs.ts` borrows `jobs.ts` and `handlers.ts` of the document `lender`.
 */
export function toFiles(blocks: readonly CodeBlock[], lender: string): TypedBlock[] {
  const own = blocks.filter(({ language }) => LANGUAGES.has(language)).map(toFile);
  const lent = own.filter(({ path }) => [`${lender}/jobs.ts`, `${lender}/handlers.ts`].includes(path));
  const folders = [...new Set(blocks.map(({ document }) => folderOf(document)))];
  const borrowers = folders.filter((folder) => !own.some(({ path }) => path === `${folder}/jobs.ts`));
  const borrowed = borrowers.flatMap((folder) =>
    lent.map((file) => ({ ...file, path: file.path.replace(lender, folder), runs: false })),
  );
  return [...own, ...borrowed];
}

function toFile(block: CodeBlock): TypedBlock {
  const { document, line, language, text } = block;
  const context = contextOf(block);
  const head = context === '' ? '' : `${context}\n`;
  const name = NAME.exec(text)?.[1] ?? `line-${line}.${language}`;
  return {
    block,
    path: `${folderOf(document)}/${name}`,
    // A module, also when it imports and exports nothing.
    text: language === 'cjs' ? `${head}${text}\n` : `${head}${text}\nexport {};\n`,
    linesBefore: head.split('\n').length - 1,
    runs: !/\bdeclare\b/.test(context) && !/\.(cjs|(d|test)\.ts)$/.test(name),
  };
}

/** Says a fault in terms of the document: `docs/batches.md:88: error TS2345: …`. */
export function placeFault({ path, line, message }: TypeFault, files: readonly TypedBlock[]): string {
  const file = files.find((one) => one.path === path);
  if (file === undefined) return `${path}:${line}: ${message}`;
  const { block, linesBefore } = file;
  const inContext = line <= linesBefore;
  return `${block.document}:${block.line + (inContext ? 0 : line - linesBefore - 1)}: ${inContext ? 'in its context: ' : ''}${message}`;
}
