import type { Redactor } from '../redact/redactor.js';

/**
 * What a job holds, to find quotes of it in an answer that has only a part of the job; `undefined`
 * when it is gone.
 */
export type PayloadOf = (queue: string, jobId: string) => Promise<unknown>;

/** What Bull Board is about to answer, and to what. */
export interface Answer {
  readonly body: unknown;
  readonly params: { readonly queueName?: string; readonly jobId?: string };
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Redacts whatever Bull Board answers, now or in a later version. What is secret in a job is also
 * taken out of the rest of that job, and only of that: a payload must not change what is said about
 * queues and other jobs.
 */
export async function redactAnswer({ body, params }: Answer, redact: Redactor, payloadOf: PayloadOf): Promise<unknown> {
  // What children failed with is on their own pages, where their payload is known, and what it has
  // to hide.
  const redactJob = async ({ children, ignoredChildFailureReasons: _, ...own }: Fields): Promise<Fields> => {
    const isWhole = 'data' in own;
    const [id, queue] = [own['id'], own['queueName'] ?? params.queueName];
    const payload = isWhole || typeof id !== 'string' ? undefined : await payloadOf(String(queue), id);
    const { job } = redact({ job: own, payload }) as { job: Fields };
    return children === undefined ? job : { ...job, children: await walk(children) };
  };
  const walk = async (value: unknown): Promise<unknown> => {
    if (Array.isArray(value)) return Promise.all(value.map(walk));
    if (typeof value !== 'object' || value === null) return redact(value);
    if (holdsPayload(value)) return redactJob(value as Fields);
    const fields = Object.entries(value).map(async ([name, child]) =>
      // By its name, when it has nothing in it that is looked into further.
      typeof child === 'object' ? [name, await walk(child)] : Object.entries(redact({ [name]: child }) as object)[0],
    );
    return Object.fromEntries((await Promise.all(fields)) as [string, unknown][]);
  };
  const { queueName, jobId } = params;
  if (!Array.isArray(body) || queueName === undefined || jobId === undefined) return walk(body);
  // The lines that a job has logged.
  const { lines } = redact({ lines: body, payload: await payloadOf(queueName, jobId) }) as { lines: unknown };
  return lines;
}

/** A job, a part of a flow, or what a scheduler makes jobs of. */
const holdsPayload = (value: object): boolean => 'data' in value || 'progress' in value || 'failedReason' in value;
