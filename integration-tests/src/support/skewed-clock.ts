import { renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PRELOAD = fileURLToPath(new URL('../../dist/support/skewed-clock-preload.js', import.meta.url));

/** The wrong wall clock of a process: start the process with `env`, and set the clock at any time. */
export class SkewedClock {
  readonly env: Record<string, string>;
  /** All that it was ever set to. */
  readonly skews: number[] = [];
  readonly #file: string;

  /**
   * @param file a path that nothing else uses
   * @param skewMs by how much the clock is ahead of the host's; negative: behind
   */
  constructor(file: string, skewMs: number) {
    this.#file = file;
    this.env = { NODE_OPTIONS: `--import=${PRELOAD}`, SKEWED_CLOCK: file };
    this.set(skewMs);
  }

  /** Sets the clock. The process sees it within 20 ms. */
  set(skewMs: number): void {
    this.skews.push(skewMs);
    // Renamed into its place: nobody reads half of it.
    writeFileSync(`${this.#file}.next`, String(skewMs));
    renameSync(`${this.#file}.next`, this.#file);
  }
}
