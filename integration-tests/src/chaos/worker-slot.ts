import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startNode } from '../support/child.js';
import { BIN } from '../support/command.js';
import type { SkewedClock } from '../support/skewed-clock.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import { type LedgerLine, openRuns, readLines } from './ledger.js';
import { byHostClock, type ExitReason, type LogLine, lineOf, READY } from './life.js';
import { ABORT_GRACE_MS, DRAIN_TIMEOUT_MS, LEASE_MS, STOP_LIMIT_MS } from './limits.js';

const RESTART_MS = 150;
const READY_LIMIT_MS = 60_000;

/** What each worker of a run is started with. */
export interface WorkerSetting {
  readonly folder: string;
  readonly redisPort: number;
  readonly prefix: string;
  /** The module with the handlers: the chaos ones, or broken ones. */
  readonly handlers: string;
  readonly queues: readonly string[];
  readonly concurrency: number;
  readonly env: Record<string, string>;
  /** Set when its wall clock is, or will be, wrong; `env` has its part of it. */
  readonly clock?: SkewedClock;
  /** Default: the lease of chaos runs. */
  readonly leaseMs?: number;
  /** Without a proxy, for runs that need speed and no broken network. */
  readonly direct?: boolean;
}

/**
 * One place in the fleet: a worker process behind its own proxy, started again whenever it ends, as
 * an orchestrator does.
 */
export class WorkerSlot {
  readonly lives: ExitReason[] = [];
  readonly proxy: TcpProxy;
  readonly #setting: WorkerSetting;
  readonly #slot: number;
  #child: Child | undefined;
  #sent: { signal: string; at: number }[] = [];
  #output = '';
  #retired = false;
  #kept: Promise<void> = Promise.resolve();

  constructor(slot: number, setting: WorkerSetting) {
    this.#slot = slot;
    this.#setting = setting;
    this.proxy = new TcpProxy(`redis://127.0.0.1:${setting.redisPort}`);
  }

  async open(): Promise<void> {
    const { direct, redisPort } = this.#setting;
    const url = direct === true ? `redis://127.0.0.1:${redisPort}` : await this.proxy.listen();
    this.#kept = this.#keepAlive(url);
  }

  /** Resolves when the first process serves its queues. */
  async ready(): Promise<void> {
    await until(
      `worker ${this.#slot} to be ready`,
      () => {
        const [ended] = this.lives;
        // It would end again each time it is started: fail at once, with what it said.
        if (ended !== undefined)
          throw new Error(`a worker ended with ${ended.code} before it was ready: ${this.#said()}`);
        return lineOf({ log: readLines<LogLine>(this.#output) }, READY) !== undefined;
      },
      READY_LIMIT_MS,
    );
  }

  /**
   * Resolves when the current process, or its successor, has printed something: from then on it
   * hears signals.
   */
  async listening(): Promise<void> {
    const speaks = () => this.pid !== undefined && statSync(this.#output).size > 0;
    await until(`worker ${this.#slot} to say something`, speaks, READY_LIMIT_MS);
  }

  /** Resolves when the current process has a handler running, or when the time is up. */
  async atWork(limitMs: number): Promise<void> {
    const ledger = join(this.#setting.folder, 'ledger.ndjson');
    const deadline = performance.now() + limitMs;
    while (!this.#runsOne(ledger) && performance.now() < deadline) await sleep(20);
  }

  #runsOne(ledger: string): boolean {
    const { pid } = this;
    return pid !== undefined && openRuns(readLines<LedgerLine>(ledger), pid, Date.now()) > 0;
  }

  /** The process that is running now, if one is. */
  get pid(): number | undefined {
    return this.#child?.exit === undefined ? this.#child?.pid : undefined;
  }

  /** Whether the process that is running now has said that it serves its queues. */
  get isReady(): boolean {
    return this.pid !== undefined && lineOf({ log: readLines<LogLine>(this.#output) }, READY) !== undefined;
  }

  send(signal: NodeJS.Signals): boolean {
    // Noted first: the instant must not be later than the effect of the signal.
    this.#sent.push({ signal, at: Date.now() });
    return this.#child?.send(signal) ?? false;
  }

  /** Ends it for good: SIGTERM, and SIGKILL when it does not stop. */
  async retire(): Promise<void> {
    this.#retired = true;
    if (this.#child?.exit === undefined) this.send('SIGTERM');
    const patience = setTimeout(() => this.send('SIGKILL'), STOP_LIMIT_MS + LEASE_MS);
    await this.#kept;
    clearTimeout(patience);
  }

  /** Leaves nothing behind, whatever state the run is in. */
  async close(): Promise<void> {
    this.#retired = true;
    await this.#child?.destroy();
    await this.#kept;
    await this.proxy.close();
  }

  async #keepAlive(redis: string): Promise<void> {
    while (!this.#retired) {
      this.#output = this.#outputOf(this.lives.length);
      this.#sent = [];
      const startedAt = Date.now();
      this.#child = startNode(BIN['bullpen-worker'], this.#args(redis), this.#setting.env, this.#output);
      const { pid } = this.#child;
      const { code, signal, at } = await this.#child.exited;
      const log = byHostClock(readLines<LogLine>(this.#output), this.clock?.skews ?? [], { from: startedAt, to: at });
      this.lives.push({ slot: this.#slot, pid, startedAt, exitedAt: at, code, signal, sent: this.#sent, log });
      if (!this.#retired) await sleep(RESTART_MS);
    }
  }

  get clock(): SkewedClock | undefined {
    return this.#setting.clock;
  }

  /** What the first process printed. */
  #said(): string {
    return readFileSync(this.#outputOf(0), 'utf8').trim();
  }

  #outputOf(life: number): string {
    return join(this.#setting.folder, `worker-${this.#slot}-${life}.log`);
  }

  #args(redis: string): string[] {
    const { handlers, prefix, queues, concurrency, leaseMs = LEASE_MS } = this.#setting;
    return [
      ...['--handlers', handlers, '--redis', redis, '--prefix', prefix, '--concurrency', String(concurrency)],
      ...queues.flatMap((queue) => ['--queue', queue]),
      ...['--drain-timeout', `${DRAIN_TIMEOUT_MS}ms`, '--abort-grace', `${ABORT_GRACE_MS}ms`],
      ...['--lease', `${leaseMs}ms`],
    ];
  }
}
