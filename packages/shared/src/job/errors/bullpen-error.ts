/**
 * The base of all errors of Bullpen. Each is named for the fact and has a stable `code`. Compare
 * the code, with {@link hasCode}: a process may hold two copies of this package, and `instanceof`
 * knows only the classes of one copy.
 * @example
 * if (error instanceof BullpenError) console.error(error.code, error.message);
 */
export abstract class BullpenError extends Error {
  /** Stable across releases. Messages are not. */
  abstract readonly code: `BULLPEN_${string}`;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** One fault of a value: where it is, and the reason. */
export interface Fault {
  /** The path to it, with dots: `items.0.price`. Empty for the value itself. */
  readonly path: string;
  /** What is wrong, in words. */
  readonly reason: string;
}

/** Which batch is meant. */
export interface BatchRef {
  /** The name of the batch. */
  readonly name: string;
  /** The queue of its jobs. Needed only when several queues have a batch of this name. */
  readonly queue?: string | undefined;
}

/** Writes faults on one line: `path: reason; path: reason`. */
export const listFaults = (faults: readonly Fault[]): string =>
  faults.map(({ path, reason }) => (path === '' ? reason : `${path}: ${reason}`)).join('; ');

/**
 * The base of errors that list every fault of a value.
 * @example
 * if (error instanceof FaultyValue) console.error(error.faults); // [{ path: 'email', reason }]
 */
export abstract class FaultyValue extends BullpenError {
  /** The beginning of the message, before the list of faults. */
  readonly subject: string;
  /** Every fault that was found. */
  readonly faults: readonly Fault[];

  constructor(subject: string, faults: readonly Fault[]) {
    super(`${subject}: ${listFaults(faults)}`);
    this.subject = subject;
    this.faults = faults;
  }
}
