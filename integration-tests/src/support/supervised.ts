import type { RunningCommand } from './command.js';

/** A worker that is started again each time it is killed, as by systemd or Kubernetes. */
export class Supervised {
  readonly #start: () => RunningCommand;
  /** Its processes, the one that runs last. */
  readonly #processes: RunningCommand[] = [];
  #isStopped = false;

  /** @param start starts a process of it */
  constructor(start: () => RunningCommand) {
    this.#start = start;
    this.#run();
  }

  /** How many of its processes were killed. */
  get deaths(): number {
    return this.#processes.length - 1;
  }

  /** Kills it, and starts it no more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#processes.map((process) => process.destroy()));
  }

  #run(): void {
    const process = this.#start();
    this.#processes.push(process);
    void process.ended.then(({ signal }) => {
      if (signal === 'SIGKILL' && !this.#isStopped) this.#run();
    });
  }
}
