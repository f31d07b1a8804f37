import { afterEach, describe, expect, it } from 'vitest';
import { type Guides, guideCommand } from './command-guide.js';

/** What guideCommand does to a command of commander. */
class FakeCommand {
  readonly said: string[] = [];
  readonly commands: FakeCommand[] = [];
  hint = '';
  help: (context: { error: boolean }) => string = () => '';
  readonly #name: string;
  #outputError: (said: string, write: (text: string) => void) => void = () => undefined;

  constructor(name: string) {
    this.#name = name;
  }

  name = () => this.#name;
  exitOverride = () => undefined;
  configureHelp = () => undefined;
  configureOutput(output: { outputError: (said: string, write: (text: string) => void) => void }): void {
    this.#outputError = output.outputError;
  }
  showHelpAfterError(hint: string): void {
    this.hint = hint;
  }
  addHelpText(_: 'after', help: (context: { error: boolean }) => string): void {
    this.help = help;
  }
  /** Breaks between words, at so many columns. */
  createHelp = () => ({
    boxWrap: (text: string, width: number) => text.replace(new RegExp(`(.{1,${width}})(?: |$)`, 'g'), '$1\n').trimEnd(),
  });

  fail(said: string): string {
    this.#outputError(said, (text) => this.said.push(text));
    return this.said.join('');
  }
}

const GUIDES: Guides = {
  'pen eat': {
    notes: 'It eats what is there.',
    examples: ['pen eat hay'],
    exitCodes: { 0: 'there was something to eat, and it was eaten', 64: 'wrong usage' },
  },
};

const columnsBefore = process.stdout.columns;
afterEach(() => {
  process.stdout.columns = columnsBefore;
});

describe('guideCommand', () => {
  it('points to the help of the very command, and says whose error it is, without control characters', () => {
    const [pen, eat] = [new FakeCommand('pen'), new FakeCommand('eat')];
    pen.commands.push(eat);
    guideCommand(pen, GUIDES);
    expect([pen.hint, eat.hint]).toEqual(['See pen --help', 'See pen eat --help']);
    expect(eat.fail("error: unknown option '--\u001b[2J'\n(Did you mean --x?)")).toBe(
      "pen: unknown option '-- [2J'\n(Did you mean --x?)",
    );
  });

  it('writes notes, examples and exit codes at the width of the terminal', () => {
    const eat = new FakeCommand('eat');
    guideCommand(eat, GUIDES, 'pen eat');
    process.stdout.columns = 34;
    expect(eat.help({ error: false }).split('\n')).toEqual([
      ...['', 'It eats what is there.', '', 'Example:', '  pen eat hay', ''],
      ...['Exit codes:', '  0   there was something to eat,', '      and it was eaten', '  64  wrong usage'],
    ]);
    process.stdout.columns = 80;
    expect(eat.help({ error: false })).toContain('  0   there was something to eat, and it was eaten\n');
  });
});
