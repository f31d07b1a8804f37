import type { CodeBlock } from './code-blocks.js';

/** One command of a shell block. */
export interface ShellCommand {
  readonly document: string;
  readonly line: number;
  /** The whole command as the shell reads it, without the comment behind it. */
  readonly text: string;
  /** The program it starts: `bullpen-worker`, also behind `npx` and variables. */
  readonly program: string;
  /** The exit code that the document expects: `<!-- snippet: exits 1 -->`. */
  readonly exits: number;
}

/** The programs of ours that a document may start. */
export const OURS = ['bullpen-producer', 'bullpen-worker', 'bullpen-dashboard', 'bullpen-dev-redis'];

const VARIABLE = /^[A-Z_]+=('[^']*'|"[^"]*"|\S*)\s+/;
/** A `#` at the beginning of a word that is not quoted begins a comment. */
const COMMENT = /^((?:'[^']*'|"[^"]*"|[^'"#]|(?<=\S)#)*?)(?:(?:^|\s+)#.*)?$/;
/** The producer in a container takes the same arguments as the command. */
const IN_A_CONTAINER = /^docker compose (?:--\S+ )*run (?:--?\S+ )*producer (?=\S)/;

/** Reads the commands of a shell block; commands of its context come first. */
export function readCommands({ document, line, text, mark = '' }: CodeBlock): ShellCommand[] {
  const [, exits = '0'] = /^exits (\d+)/.exec(mark) ?? [];
  const before = mark.startsWith('before\n') ? mark.split('\n').slice(1) : [];
  const lines = [
    ...before.map((one) => [line, one] as const),
    ...text.split('\n').map((one, at) => [line + at, one] as const),
  ];
  const commands: ShellCommand[] = [];
  let begun = '';
  let begunAt = line;
  for (const [at, one] of lines) {
    if (begun === '') begunAt = at;
    const code = (COMMENT.exec(one.trim())?.[1] ?? one).trim();
    begun = begun === '' ? code : `${begun} ${code}`;
    if (begun.endsWith('\\')) {
      begun = begun.slice(0, -1).trim();
      continue;
    }
    if (begun !== '') commands.push({ document, line: begunAt, exits: Number(exits), ...startOf(begun) });
    begun = '';
  }
  return commands;
}

function startOf(command: string): Pick<ShellCommand, 'text' | 'program'> {
  const text = command.replace(IN_A_CONTAINER, 'bullpen-producer ').replace(/^npx (?=bullpen-)/, '');
  let rest = text;
  while (VARIABLE.test(rest)) rest = rest.replace(VARIABLE, '');
  return { text, program: /[^(\s]+/.exec(rest)?.[0] ?? '' };
}
