import type { ExitCode } from '@bullpen/shared/command';

/** What a command does, in a module of its own. */
interface Action {
  /** Gets the arguments, the options, and the command; returns the exit code. */
  // biome-ignore lint/suspicious/noExplicitAny: commander's own type.
  run(...given: any[]): Promise<ExitCode>;
}

/**
 * Makes commander's action of a command. The module is loaded when the command runs: what one
 * command needs would make every other one, and help, start later.
 */
export type Ran = (load: () => Promise<Action>) => (...given: unknown[]) => Promise<void>;
