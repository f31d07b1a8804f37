import { EXIT, type ExitCode } from '@bullpen/shared/internal';

/**
 * Whether the process is to end, and with what. The first failure counts, also one that comes while
 * it stops.
 */
export class ExitReason {
  signals = 0;
  #exitCode: ExitCode | undefined;
  #end: () => void = () => undefined;
  readonly over = new Promise<undefined>((resolve) => {
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
