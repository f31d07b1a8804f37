import type { Ending } from '../in-flight/active-attempt.js';
import type { HeldJob } from './held-job.js';
import type { PlainEnd } from './turn-calls.js';

/** A turn is sent as soon as its results have this many characters. */
const MAX_CHARACTERS = 262_144;

/** An end that Redis does not have yet. */
export interface UnrecordedEnd {
  readonly held: HeldJob;
  readonly ending: Ending;
  readonly end: PlainEnd;
  /** On the monotonic clock (ms). */
  readonly endedAt: number;
}

/** The ends that one turn sends; there may be none. */
export interface Parcel {
  readonly ends: readonly UnrecordedEnd[];
  /** When the first of them ended; when the turn was sent, if there is none. */
  readonly since: number;
}

/** The ends that Redis does not have yet: those that no turn has, and those on their way. */
export class Outbox {
  readonly #mostEnds: number;
  #unsent: UnrecordedEnd[] = [];
  /** How many characters the results of the unsent ends have. */
  #characters = 0;
  readonly #onTheirWay: Parcel[] = [];
  #unrecorded = 0;

  /** @param mostEnds the most ends in one turn */
  constructor(mostEnds: number) {
    this.#mostEnds = mostEnds;
  }

  /** How many turns are on their way. */
  get turns(): number {
    return this.#onTheirWay.length;
  }

  /** How many ends Redis does not have yet. */
  get unrecorded(): number {
    return this.#unrecorded;
  }

  /** Whether no end waits for a turn. */
  get isEmpty(): boolean {
    return this.#unsent.length === 0;
  }

  /** Whether as much waits as one turn may send. */
  get isFull(): boolean {
    return this.#unsent.length >= this.#mostEnds || this.#characters >= MAX_CHARACTERS;
  }

  /** Since when an end has been on its way or has waited; infinite when Redis has all. */
  get since(): number {
    return this.#onTheirWay[0]?.since ?? this.#unsent[0]?.endedAt ?? Number.POSITIVE_INFINITY;
  }

  add(end: UnrecordedEnd): void {
    this.#unrecorded += 1;
    this.#unsent.push(end);
    this.#characters += end.end.result.length;
  }

  /** What the next turn sends. Whoever takes it calls `answered`. */
  take(): Parcel {
    const ends = this.#unsent.splice(0, this.#mostEnds);
    this.#characters = this.#unsent.reduce((sum, { end }) => sum + end.result.length, 0);
    const parcel = { ends, since: ends[0]?.endedAt ?? performance.now() };
    this.#onTheirWay.push(parcel);
    return parcel;
  }

  /** The turn was answered or has failed. */
  answered(parcel: Parcel): void {
    this.#unrecorded -= parcel.ends.length;
    this.#onTheirWay.splice(this.#onTheirWay.indexOf(parcel), 1);
  }
}
