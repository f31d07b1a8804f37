import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from '@bullpen/shared/command';
import { readLines } from '../chaos/ledger.js';
import { type Child, startNode } from '../support/child.js';
import { BIN } from '../support/command.js';
import type { Aim } from './aims.js';
import type { Watch } from './watch.js';

/** The last line of a `batch --json`. */
type BatchReport = Readonly<Record<string, unknown>>;

/** How a producer came to the end of the batch. */
export interface ProducerEnd {
  readonly code: number | null;
  readonly report: BatchReport | undefined;
  readonly kills: readonly ProducerKill[];
  /** How often it gave up because Redis was away. */
  readonly gaveUp: number;
}

/**
 * How far the batch was read when a producer was started, when it was killed, and when it was gone:
 * Redis may carry out a chunk after its sender's death.
 */
export interface ProducerKill {
  readonly started: number;
  readonly killed: number;
  readonly gone: number;
}

/** The settings of a {@link ProducerSeat}. */
export interface Seating {
  readonly name: string;
  readonly folder: string;
  readonly args: readonly string[];
  /** A file to pipe into it. */
  readonly input: string | undefined;
  readonly aims: readonly Aim[];
  readonly watch: Watch;
}

/** A first guess at how long a producer takes until its first chunk is in. */
const FIRST_GUESS_MS = 600;

/**
 * Runs a producer of the batch, kills it as planned, and starts it again each time, until it ends
 * by itself.
 */
export class ProducerSeat {
  readonly #seating: Seating;
  readonly #kills: ProducerKill[] = [];
  #lives = 0;
  #gaveUp = 0;
  #untilGrowthMs = FIRST_GUESS_MS;
  #child: Child | undefined;
  #closed = false;

  constructor(seating: Seating) {
    this.#seating = seating;
  }

  async run(): Promise<ProducerEnd> {
    const aims = [...this.#seating.aims];
    for (;;) {
      const { code, signal, report } = await this.#live(aims);
      if (signal === 'SIGKILL') continue;
      if (code !== EXIT.unavailable) return { code, report, kills: this.#kills, gaveUp: this.#gaveUp };
      this.#gaveUp += 1;
    }
  }

  /** Leaves no process behind. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#child?.destroy();
  }

  /** One life of the producer. An aim is used up when it hits. */
  async #live(aims: Aim[]) {
    const { folder, name, args, input, watch } = this.#seating;
    const { read: started } = await watch.progress();
    if (this.#closed) throw new Error('the run was given up');
    this.#lives += 1;
    const output = join(folder, `${name}-${this.#lives}.log`);
    const child = startNode(BIN['bullpen-producer'], args, {}, output, input);
    this.#child = child;
    const [aim] = aims;
    if (aim !== undefined && (await this.#take(aim, started, child))) {
      const { read: killed } = await watch.progress();
      if (child.send('SIGKILL')) {
        aims.shift();
        await child.exited;
        this.#kills.push({ started, killed, gone: (await watch.progress()).read });
      }
    }
    const { code, signal } = await child.exited;
    return { code, signal, report: readLines<BatchReport>(output).at(-1) };
  }

  /** Waits for the moment of the kill; answers whether it came before the process ended. */
  async #take(aim: Aim, started: number, child: Child): Promise<boolean> {
    const startedAt = performance.now();
    const isOver = (): boolean => child.exit !== undefined;
    if (aim.kind === 'early') {
      await Promise.race([sleep(aim.share * this.#untilGrowthMs), child.exited]);
      return !isOver();
    }
    const { watch } = this.#seating;
    if (!(await watch.until(({ read }) => read > started, isOver))) return false;
    this.#untilGrowthMs = performance.now() - startedAt;
    if (!(await watch.until(({ read }) => read >= started + aim.rows, isOver))) return false;
    await sleep(aim.ms);
    return !isOver();
  }
}
