import { describeThrown } from '@bullpen/shared/internal';
import type { Ending } from '../in-flight/active-attempt.js';
import { MAX_AHEAD, type QueueAhead } from '../in-flight/fetch-ahead.js';
import type { JobTaker } from '../in-flight/job-source.js';
import { isReply } from '../in-flight/recorder.js';
import { jobsPerCall } from '../redis/jobs-per-call.js';
import type { Outage } from '../redis/outage.js';
import type { HeldJob } from './held-job.js';
import { Outbox, type Parcel, type UnrecordedEnd } from './outbox.js';
import { Supply } from './supply.js';
import type { EndAnswer, PlainEnd } from './turn-calls.js';

/** What a turn brought. */
export interface Brought {
  readonly answers: readonly EndAnswer[];
  /** The fetched jobs. Each is ours from now on. A promise for one that is not ready to begin. */
  readonly jobs: readonly (HeldJob | Promise<HeldJob>)[];
  /** For how long a rate limit keeps everybody from the queue's jobs, in ms; 0 without one. */
  readonly limitedMs: number;
  /** In how many ms the first delayed job is due; infinite when there is none. */
  readonly dueInMs: number;
}

/** What a {@link MainLoop} needs of its queue. */
export interface LoopQueue {
  /** @throws what the connection throws; nobody knows then whether Redis carried the turn out */
  turn(ends: readonly PlainEnd[], free: number, ahead: number): Promise<Brought>;
  /** @returns how the attempt ended; `undefined` when nothing must be recorded */
  attempt(held: HeldJob): Ending | undefined | Promise<Ending | undefined>;
  /** A success as a turn records it; `undefined` when it must go in a call of its own. */
  plainEnd(held: HeldJob, ending: Ending): PlainEnd | undefined;
  /**
   * Records an end in a call of its own, through an outage. Never throws.
   * @param failed how Redis refused it in a turn, or that the connection was lost
   */
  record(held: HeldJob, ending: Ending, failed?: Error): Promise<void>;
  /** The error for an answer below 0. */
  endRefused(code: number, jobId: string): Error;
  /**
   * Waits until there may be a job, or for so many milliseconds.
   * @returns in how many ms there may be one; 0 or less: now
   */
  waitForJob(ms: number): Promise<number>;
  /** Wakes another worker for a job that we were woken for and do not take. */
  wakeAnother(): void;
  /** A turn has recorded the success of this job. */
  completed(held: HeldJob, ending: Ending): void;
  /** A turn brought fewer jobs than it asked for; the last one did not. */
  drained(): void;
  onError(error: Error): void;
}

/** What a {@link MainLoop} needs. */
export interface MainLoopDeps {
  readonly concurrency: number;
  readonly taker: JobTaker;
  readonly outage: Pick<Outage, 'noteIfOutage' | 'accepted' | 'lacksPermission'>;
  readonly queue: LoopQueue;
  /** `undefined`: a job begins when Redis has the end of the one before it in its slot. */
  readonly ahead: Pick<QueueAhead, 'most' | 'holds' | 'took'> | undefined;
}

/** The most turns on their way at once: Redis works on some while we work on the answers of others. */
const MAX_TURNS = 3;
/** How long the loop waits after a turn that failed. */
const FAILED_TURN_PAUSE_MS = 500;
/** How often it looks whether it may fetch again, while it may not. */
const HELD_PAUSE_MS = 50;
/** For how long an end may be on its way while the slot of its job is used for another. */
const MAX_UNRECORDED_MS = 5;
/** What was fetched ahead and has not begun after this goes back. */
const MAX_AHEAD_MS = 20;
/** After a suspect was fetched ahead, for how long nothing is fetched ahead. */
const SUSPECT_PAUSE_MS = 1_000;
/** The longest wait in one piece: a host's clock may be set meanwhile. */
const MAX_LIMIT_WAIT_MS = 30_000;

/**
 * The main loop of one queue of a worker. Each turn is one call: it records what has ended and
 * fetches what there is room for. Some turns are on their way at once, each with all that had ended
 * by then.
 *
 * It is a set of counters and one function that looks at them, `#advance`, called whenever one has
 * changed: a job has come, begun or ended, or time has passed. So a job costs no promise of its own
 * here.
 */
export class MainLoop {
  readonly #deps: MainLoopDeps;
  readonly #outbox: Outbox;
  readonly #supply = new Supply();
  /** Jobs that were fetched and have not begun, in their order. */
  #fetched: HeldJob[] = [];
  /** How many slots are taken. */
  #taken = 0;
  /** How many jobs are ours in all, from their fetch until they are released. */
  #ours = 0;
  #isBeginning = false;
  #isAdvanceDue = false;
  /** Nothing is fetched, or nothing ahead, before these instants on the monotonic clock. */
  #notBefore = 0;
  #noneAheadBefore = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #isClosing = false;
  #over: (() => void) | undefined;

  constructor(deps: MainLoopDeps) {
    this.#deps = deps;
    this.#outbox = new Outbox(jobsPerCall(deps.concurrency + (deps.ahead === undefined ? 0 : MAX_AHEAD)));
  }

  /** Fetches and attempts jobs. Resolves when it is closed and no job is left. */
  run(): Promise<void> {
    const over = new Promise<void>((resolve) => {
      this.#over = resolve;
    });
    this.#advance();
    return over;
  }

  /** Fetches nothing more. What has not begun goes back: the taker says so. */
  close(): void {
    this.#isClosing = true;
    this.#handBack(this.#fetched.splice(0));
    this.#advance();
  }

  /** May be called at any time: does what is to do now. */
  readonly #advance = (): void => {
    this.#isAdvanceDue = false;
    this.#begin();
    this.#send();
    this.#wait();
    if (!this.#isClosing || this.#ours > 0 || this.#outbox.turns > 0) return;
    clearTimeout(this.#timer);
    this.#over?.();
  };

  /** At the end of this tick, when all that ends in it has ended. */
  #advanceSoon(): void {
    if (this.#isAdvanceDue) return;
    this.#isAdvanceDue = true;
    process.nextTick(this.#advance);
  }

  #advanceIn(ms: number): void {
    const at = performance.now() + ms;
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      // If this is late, the process stood still, and so did what has slots: it gets its time first.
      if (performance.now() - at < MAX_AHEAD_MS / 2) this.#handBackOld();
      this.#advance();
    }, ms);
  }

  /** Begins what was fetched, as far as there are slots. */
  #begin(): void {
    if (this.#isBeginning) return;
    this.#isBeginning = true;
    for (let next = this.#fetched[0]; next !== undefined && this.#mayBegin(next); next = this.#fetched[0]) {
      this.#fetched.shift();
      this.#start(next);
    }
    this.#isBeginning = false;
    const left = this.#fetched.length;
    this.#deps.ahead?.holds(left);
    if (left > 0) this.#advanceIn(MAX_AHEAD_MS);
  }

  #mayBegin({ attempt }: HeldJob): boolean {
    const { concurrency, ahead } = this.#deps;
    if (this.#taken >= concurrency) return false;
    if (this.#taken + this.#outbox.unrecorded < concurrency) return true;
    // A row begins when Redis has the end of the one before it.
    if (ahead === undefined || attempt.batch !== undefined) return false;
    return performance.now() - this.#outbox.since <= MAX_UNRECORDED_MS;
  }

  #start(held: HeldJob): void {
    this.#taken += 1;
    held.since = performance.now();
    let ending: Ending | undefined | Promise<Ending | undefined>;
    try {
      ending = this.#deps.queue.attempt(held);
    } catch (error) {
      ending = held.attempt.endBroken(describeThrown(error));
    }
    if (ending instanceof Promise) {
      ending.then(
        (ended) => this.#ended(held, ended),
        (error: unknown) => this.#ended(held, held.attempt.endBroken(describeThrown(error))),
      );
    } else this.#ended(held, ending);
  }

  #ended(held: HeldJob, ending: Ending | undefined): void {
    const { queue, outage, ahead } = this.#deps;
    const endedAt = performance.now();
    if (held.attempt.batch === undefined) ahead?.took(endedAt - held.since);
    if (ending === undefined) {
      this.#taken -= 1;
      this.#release(held);
    } else {
      const end = outage.lacksPermission ? undefined : queue.plainEnd(held, ending);
      if (end === undefined) this.#record(held, ending);
      else {
        this.#taken -= 1;
        this.#outbox.add({ held, ending, end, endedAt });
        if (this.#outbox.isFull) this.#send();
      }
    }
    this.#begin();
    this.#advanceSoon();
  }

  /** Records an end by itself. Its job keeps its slot until then. */
  #record(held: HeldJob, ending: Ending, failed?: Error): void {
    void this.#deps.queue.record(held, ending, failed).then(() => {
      this.#taken -= 1;
      this.#release(held);
      // That call fetched nothing. If the queue was full by its global concurrency, there is a place
      // now, and nobody is told.
      this.#supply.mayHaveMore();
      if (this.#fetchesNothing && ending.outcome.kind !== 'interrupted') this.#deps.queue.wakeAnother();
      this.#advance();
    });
  }

  #release(held: HeldJob): void {
    this.#ours -= 1;
    this.#deps.taker.release(held.attempt);
  }

  /** Sends turns, as long as there is something to say. */
  #send(): void {
    const [outbox, supply] = [this.#outbox, this.#supply];
    while (outbox.turns < MAX_TURNS) {
      const [free, ahead] = this.#room();
      if (outbox.isEmpty) {
        if (!supply.mayAsk || free + ahead === 0 || (free === 0 && this.#fetched.length > 0)) return;
      } else if (outbox.turns > 0 && !outbox.isFull && this.#taken + this.#fetched.length > 0) {
        // The next answer may bring company.
        return;
      }
      void this.#turn(outbox.take(), free, ahead);
    }
  }

  get #fetchesNothing(): boolean {
    return this.#isClosing || this.#deps.taker.isHeld;
  }

  /** How many jobs there is room for: in slots, and ahead of them. */
  #room(): [free: number, ahead: number] {
    const { concurrency, ahead } = this.#deps;
    if (this.#fetchesNothing) {
      if (!this.#isClosing) this.#advanceIn(HELD_PAUSE_MS);
      return [0, 0];
    }
    const now = performance.now();
    if (now < this.#notBefore) {
      this.#advanceIn(this.#notBefore - now);
      return [0, 0];
    }
    // A slot is kept for the job that a waiting loop is woken for.
    const { asked, isWaiting, appetite } = this.#supply;
    const coming = this.#taken + this.#fetched.length + asked + (isWaiting ? 1 : 0);
    const free = Math.max(0, concurrency - coming);
    const most = ahead === undefined || now < this.#noneAheadBefore ? 0 : ahead.most;
    const all = Math.min(concurrency + most - coming, appetite);
    return all <= free ? [Math.max(0, all), 0] : [free, all - free];
  }

  async #turn(parcel: Parcel, free: number, ahead: number): Promise<void> {
    const { queue, taker, outage } = this.#deps;
    const { ends } = parcel;
    const asked = free + ahead;
    this.#supply.ask(asked);
    const answered = (): void => {
      this.#supply.answered(asked);
      this.#outbox.answered(parcel);
    };
    try {
      const brought = await queue.turn(
        ends.map(({ end }) => end),
        free,
        ahead,
      );
      answered();
      outage.accepted();
      for (const [at, end] of ends.entries()) this.#confirm(end, brought.answers[at] ?? 0);
      if (asked > 0) {
        taker.fetchAnswered();
        this.#take(brought, asked);
      }
    } catch (error) {
      answered();
      this.#failed(ends, error as Error);
    }
    this.#advance();
  }

  #confirm({ held, ending, end }: UnrecordedEnd, answer: EndAnswer): void {
    if (answer === 0) {
      held.attempt.confirm();
      // The slot of a row is free only now.
      if (held.attempt.batch !== undefined) this.#deps.ahead?.took(performance.now() - held.since);
      this.#deps.queue.completed(held, ending);
      this.#release(held);
      return;
    }
    this.#taken += 1;
    if (answer === 1) this.#record(held, ending);
    else this.#record(held, ending, answer instanceof Error ? answer : this.#deps.queue.endRefused(answer, end.jobId));
  }

  #take({ jobs, limitedMs, dueInMs }: Brought, asked: number): void {
    for (const job of jobs) {
      this.#ours += 1;
      if (!(job instanceof Promise)) {
        this.#fetched.push(job);
        continue;
      }
      this.#taken += 1;
      void job.then((held) => {
        this.#taken -= 1;
        this.#fetched.push(held);
        this.#advance();
      });
    }
    if (limitedMs > 0) {
      const waitMs = Math.min(limitedMs, MAX_LIMIT_WAIT_MS);
      this.#notBefore = performance.now() + waitMs;
      this.#supply.mayHaveMore();
      return;
    }
    if (this.#supply.found({ asked, brought: jobs.length, dueInMs })) this.#deps.queue.drained();
    if (this.#isClosing) this.#handBack(this.#fetched.splice(0));
    else this.#handBackSuspects();
  }

  /** A suspect is not held ahead: it may be on trial anywhere else. */
  #handBackSuspects(): void {
    this.#begin();
    const suspects = this.#fetched.filter(({ attempt }) => attempt.isSuspect);
    if (suspects.length === 0) return;
    this.#fetched = this.#fetched.filter(({ attempt }) => !attempt.isSuspect);
    this.#noneAheadBefore = performance.now() + SUSPECT_PAUSE_MS;
    this.#handBack(suspects);
  }

  /** Hands back what was fetched ahead and could not begin for some time. */
  #handBackOld(): void {
    const { ahead, outage } = this.#deps;
    this.#begin();
    const heldMs = performance.now() - (this.#fetched[0]?.since ?? Number.POSITIVE_INFINITY);
    if (heldMs < MAX_AHEAD_MS || outage.lacksPermission) return;
    // The attempts that run take at least as long as these have waited.
    ahead?.took(heldMs);
    this.#handBack(this.#fetched.splice(0));
  }

  #handBack(jobs: readonly HeldJob[]): void {
    for (const held of jobs) {
      this.#taken += 1;
      this.#record(held, this.#deps.taker.handBack(held.attempt));
    }
  }

  #failed(ends: readonly UnrecordedEnd[], error: Error): void {
    // An error of this process, as it read the answer, says nothing of the ends: Redis may have them.
    const failed = this.#deps.outage.noteIfOutage(error) || isReply(error) ? error : undefined;
    this.#taken += ends.length;
    for (const { held, ending } of ends) this.#record(held, ending, failed);
    this.#notBefore = performance.now() + FAILED_TURN_PAUSE_MS;
    if (!this.#isClosing) this.#deps.queue.onError(error);
  }

  /** Waits for a job when the queue has none and there is a slot. */
  #wait(): void {
    const supply = this.#supply;
    if (!supply.mustWait) return;
    const [free] = this.#room();
    if (free === 0) return;
    const { queue } = this.#deps;
    void queue.waitForJob(supply.beginWait()).then((inMs) => {
      if (this.#fetchesNothing) queue.wakeAnother();
      supply.endWait(inMs);
      this.#advance();
    });
  }
}
