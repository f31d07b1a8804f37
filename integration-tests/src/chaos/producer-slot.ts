import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Child, startNode } from '../support/child.js';
import { joinEnv } from '../support/join-env.js';
import type { SkewedClock } from '../support/skewed-clock.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const SCRIPT = fileURLToPath(new URL('../../dist/chaos/producer-process.js', import.meta.url));
const RESTART_MS = 100;

/**
 * The producer process behind its own proxy. It is started again until it has enqueued everything
 * that the plan wants.
 */
export class ProducerSlot {
  readonly proxy: TcpProxy;
  /** Resolves when everything is accepted; rejects when the producer fails and was not killed. */
  finished: Promise<void> = Promise.resolve();
  /** Set when its wall clock is, or will be, wrong. */
  readonly clock: SkewedClock | undefined;
  readonly #env: Record<string, string>;
  #child: Child | undefined;
  #closed = false;

  constructor(redisPort: number, clock: SkewedClock | undefined, env: Readonly<Record<string, string>>) {
    this.clock = clock;
    this.#env = joinEnv(env, clock?.env);
    this.proxy = new TcpProxy(`redis://127.0.0.1:${redisPort}`);
  }

  async open(folder: string, prefix: string): Promise<void> {
    const args = [folder, await this.proxy.listen(), prefix, String(Date.now())];
    this.finished = this.#untilAccepted(args, join(folder, 'producer.log'));
    this.finished.catch(() => undefined);
  }

  get pid(): number | undefined {
    return this.#child?.exit === undefined ? this.#child?.pid : undefined;
  }

  send(signal: NodeJS.Signals): boolean {
    return this.#child?.send(signal) ?? false;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#child?.destroy();
    await this.proxy.close();
  }

  async #untilAccepted(args: readonly string[], output: string): Promise<void> {
    while (!this.#closed) {
      this.#child = startNode(SCRIPT, args, this.#env, output);
      const { code, signal } = await this.#child.exited;
      if (code === 0) return;
      if (signal !== 'SIGKILL') throw new Error(`the producer ended with ${signal ?? code}; see ${output}`);
      await sleep(RESTART_MS);
    }
  }
}
