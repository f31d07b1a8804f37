import type { Redactor } from '../redact/redactor.js';

/**
 * Reads the payload of a job, to find quotes of it in a response that has only a part of the job.
 * `undefined` when the job does not exist any more.
 */
export type PayloadOf = (queue: string, jobId: string) => Promise<unknown>;

/** A response of Bull Board, and the parameters of its request. */
export interface BoardResponse {
  readonly body: unknown;
  readonly params: { readonly queueName?: string; readonly jobId?: string };
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Redacts any response of Bull Board, of this or a later version. A secret of a job is also removed
 * from the rest of this job, but not from anything else: a payload must not change what the
 * response says about queues and other jobs.
 */
export async function redactResponse(
  { body, params }: BoardResponse,
  redact: Redactor,
  payloadOf: PayloadOf,
): Promise<unknown> {
  // The failures of children are left out: their own pages show them, where their payloads are
  // known and can be redacted.
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
      // A value without fields is redacted by its name.
      typeof child === 'object' ? [name, await walk(child)] : Object.entries(redact({ [name]: child }) as object)[0],
    );
    return Object.fromEntries((await Promise.all(fields)) as [string, unknown][]);
  };
  const { queueName, jobId } = params;
  if (!Array.isArray(body) || queueName === undefined || jobId === undefined) return walk(body);
  // A list for one job: the lines that the job has logged.
  const { lines } = redact({ lines: body, payload: await payloadOf(queueName, jobId) }) as { lines: unknown };
  return lines;
}

/** Whether a value is a job, a part of a flow, or the template of a scheduler. */
const holdsPayload = (value: object): boolean => 'data' in value || 'progress' in value || 'failedReason' in value;
