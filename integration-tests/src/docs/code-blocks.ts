import type { Code, Html, Nodes, Parent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';

/** A fenced block of code in a document. */
export interface CodeBlock {
  readonly document: string;
  /** The line of the document on which the code begins, counted from 1. */
  readonly line: number;
  /** The word behind the fence: `ts`, `sh`; empty when there is none. */
  readonly language: string;
  readonly text: string;
  /** What a comment `<!-- snippet: … -->` right before the block says. */
  readonly mark: string | undefined;
}

const MARK = /^<!-- snippet: ([\s\S]*?)\s*-->$/;
const FILE = /^file (\S+\.(\w+))\n/;

/**
 * Finds the code blocks of a Markdown text, also those in lists. A comment
 * `<!-- snippet: file mail.ts …code… -->` is a block that readers do not see.
 * @example readCodeBlocks('README.md', text).filter(({ language }) => language === 'ts')
 */
export function readCodeBlocks(document: string, markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const visit = (parent: Parent): void => {
    for (const [at, node] of parent.children.entries()) {
      if (node.type === 'code') blocks.push(toBlock(document, node, parent.children[at - 1]));
      if (node.type === 'html') blocks.push(...toHiddenFile(document, node));
      if ('children' in node) visit(node);
    }
  };
  visit(fromMarkdown(markdown));
  return blocks;
}

function toBlock(document: string, { lang, value, position }: Code, before: Nodes | undefined): CodeBlock {
  const mark = before?.type === 'html' ? MARK.exec((before as Html).value)?.[1] : undefined;
  return { document, line: (position?.start.line ?? 0) + 1, language: lang ?? '', text: value, mark };
}

function toHiddenFile(document: string, { value, position }: Html): CodeBlock[] {
  const mark = MARK.exec(value)?.[1] ?? '';
  const [head, name, language] = FILE.exec(mark) ?? [];
  if (head === undefined || language === undefined) return [];
  const text = `// ${name}\n${mark.slice(head.length)}`;
  return [{ document, line: position?.start.line ?? 0, language, text, mark: undefined }];
}

/** The code that stands before a block without being shown: `<!-- snippet: before …code… -->`. */
export function contextOf({ mark }: CodeBlock): string {
  return mark?.startsWith('before\n') === true ? mark.slice('before\n'.length) : '';
}
