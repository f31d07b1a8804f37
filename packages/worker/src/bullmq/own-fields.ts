import { OWN_FIELDS } from '@bullpen/shared/internal';

/** The fields of a job that are ours. */
export type JobFields = Readonly<Record<string, string>>;

const NONE: JobFields = {};

/**
 * The fields of fetched jobs that are ours. BullMQ drops what it does not know when it parses a job.
 * So they are read from the answer before BullMQ has it, and taken when the job is made of it.
 */
export class OwnFields {
  readonly #byJob = new Map<string, JobFields>();

  /** Notes the fields in an answer that may bring a job: its fields and their values, and its id. */
  note(answer: unknown): void {
    if (!Array.isArray(answer) || !Array.isArray(answer[0])) return;
    const fields = answer[0] as string[];
    let own: Record<string, string> | undefined;
    for (let at = 0; at < fields.length; at += 2) {
      const name = String(fields[at]);
      if (!name.startsWith(OWN_FIELDS)) continue;
      own ??= {};
      own[name] = String(fields[at + 1]);
    }
    if (own !== undefined) this.#byJob.set(String(answer[1]), own);
  }

  /** The fields of a job, and forgets them. */
  take(jobId: string): JobFields {
    const own = this.#byJob.get(jobId);
    if (own === undefined) return NONE;
    this.#byJob.delete(jobId);
    return own;
  }
}
