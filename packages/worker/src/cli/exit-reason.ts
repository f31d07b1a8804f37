import { EXIT, type ExitCode } from '@bullpen/shared/command';

/**
 * Whether the process is to end, and with which exit code. The first failure counts, also one that
 * comes while the process already stops.
 */
export class ExitReason {
  /** How many stop signals have come. */
  signals = 0;
  #exitCode: ExitCode | undefined;
  #end: () => void = () => undefined;
  /** Resolves when there is a reason to exit. */
  readonly reached = new Promise<undefined>((resolve) => {
    this.#end = () => resolve(undefined);
  });

  get isSet(): boolean {
    return this.#exitCode !== undefined;
  }

  get exitCode(): ExitCode {
    return this.#exitCode ?? EXIT.ok;
  }

  end(exitCode: ExitCode): void {
    this.#exitCode ||= exitCode;
    this.#end();
  }
}
