import type { Task } from '../task.js';
import type { Payload } from '../workload.js';

/** What a library puts jobs in with. */
export interface Producer {
  /** One call. */
  add(row: Payload, id: string): Promise<unknown>;
  /** The fastest call for many rows, if there is one; `first` is the number of the first row. */
  addMany?(rows: readonly Payload[], first: number): Promise<unknown>;
}

/** A handler as the bench gives it to every library. */
type Handler = (row: Payload) => Promise<void>;

/** A library as its users call it. Only its own file knows it. */
export interface Library {
  /** Connects a producer. */
  open(task: Task): Promise<Producer>;
  /** Starts a worker, and resolves when it takes jobs. */
  work(task: Task, handler: Handler): Promise<unknown>;
}
