import type { RunningCommand } from './command.js';
import type { World } from './world.js';

/** A worker process that is started again each time it is killed, as by systemd or Kubernetes. */
export class Supervised {
  readonly #world: World;
  readonly #args: readonly string[];
  /** All its processes, the one that runs last. */
  readonly processes: RunningCommand[] = [];

  constructor(world: World, args: readonly string[]) {
    this.#world = world;
    this.#args = args;
    this.#start();
  }

  /** How many of its processes were killed. */
  get deaths(): number {
    return this.processes.length - 1;
  }

  #start(): void {
    const process = this.#world.workerProcess(this.#args);
    this.processes.push(process);
    void process.ended.then(({ signal }) => {
      if (signal === 'SIGKILL' && !this.#world.closed) this.#start();
    });
  }
}
