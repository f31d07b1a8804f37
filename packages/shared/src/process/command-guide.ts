import { redactMessage } from '../job/redact-urls.js';
import { showText } from '../job/show-value.js';
import { type ExitCode, seeHelp } from './exit-code.js';

/** What a command's help says below its options. */
interface Guide {
  /** Command lines to copy, of 78 columns at most; a longer one is broken by hand, with `\`. */
  readonly examples: readonly string[];
  readonly notes?: string;
  /** The exit codes that matter to a script, and what each says. */
  readonly exitCodes?: Readonly<Partial<Record<ExitCode, string>>>;
}

/** The guides of a command and its sub-commands: `bullpen-producer batches show`. */
export type Guides = Readonly<Record<string, Guide>>;

/** What we use of a commander `Command`. This package does not depend on commander. */
interface CommandLine {
  readonly commands: readonly CommandLine[];
  name(): string;
  exitOverride(): unknown;
  configureOutput(output: { outputError: (said: string, write: (text: string) => void) => void }): unknown;
  configureHelp(help: { showGlobalOptions: boolean }): unknown;
  showHelpAfterError(hint: string): unknown;
  addHelpText(position: 'after', text: (context: { readonly error: boolean }) => string): unknown;
  createHelp(): { boxWrap(text: string, width: number): string };
}

/** Where help is written when it is no terminal. */
const WIDTH = 80;

/**
 * Gives a command and its sub-commands what all our commands have in common: errors that begin with
 * the command's name and point to help, and the examples, notes and exit codes of their guides.
 * @returns the command
 */
export function guideCommand<C extends CommandLine>(command: C, guides: Guides, path = command.name()): C {
  const program = path.split(' ')[0] ?? path;
  command.exitOverride();
  command.configureOutput({
    outputError: (said, write) => write(`${program}: ${safeLines(said.replace(/^error: /, ''))}`),
  });
  command.configureHelp({ showGlobalOptions: true });
  command.showHelpAfterError(seeHelp(path));
  const guide = guides[path];
  if (guide !== undefined) {
    command.addHelpText('after', ({ error }) => {
      const { columns = WIDTH } = error ? process.stderr : process.stdout;
      return showGuide(guide, (text, width) => command.createHelp().boxWrap(text, width), columns);
    });
  }
  for (const sub of command.commands) guideCommand(sub, guides, `${path} ${sub.name()}`);
  return command;
}

function showGuide(
  { examples, notes, exitCodes = {} }: Guide,
  wrap: (text: string, width: number) => string,
  columns: number,
): string {
  const codes = Object.entries(exitCodes).map(([code, says]) => {
    const [first = '', ...rest] = wrap(says, columns - 6).split('\n');
    return [`  ${code.padEnd(4)}${first}`, ...rest.map((line) => `      ${line}`)].join('\n');
  });
  return [
    ...(notes === undefined ? [] : ['', wrap(notes, columns)]),
    ...['', examples.length === 1 ? 'Example:' : 'Examples:'],
    ...examples.map((line) => `  ${line.replaceAll('\n', '\n  ')}`),
    ...(codes.length === 0 ? [] : ['', 'Exit codes:', ...codes]),
  ].join('\n');
}

/**
 * What an unknown option was given. Its name is enough to find the mistake. Only the first quoted
 * text is an option: behind it, what looks like the name of one may be a part of a password.
 */
const OPTION_VALUE = /^([^']*'-{1,2}[\w-]+=).*'/s;
const LIKE_AN_OPTION = /'-{1,2}[\w-]+=(?!\*{3}').*'/s;
/** A quoted text that may be an address with a password, in whatever form. */
const MAYBE_ADDRESS = /'.*@.*'/s;

/**
 * Makes commander's message safe for a terminal and a log, line by line: it quotes what was typed,
 * which may hold control characters and passwords.
 */
const safeLines = (said: string): string =>
  redactMessage(said)
    .replace(OPTION_VALUE, "$1***'")
    .replace(LIKE_AN_OPTION, "'***'")
    .replace(MAYBE_ADDRESS, "'***'")
    .split('\n')
    .map((line) => showText(line))
    .join('\n');
