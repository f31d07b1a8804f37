import { PassThrough } from 'node:stream';
import {
  BATCH_STAGES,
  type BatchView,
  exportFailures,
  type FailedRow,
  type Producer,
  stageOf,
} from '@bullpen/producer';
import { hasCode } from '@bullpen/shared';
import { RedisClock } from '@bullpen/shared/internal';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { wantsPage } from '../guard/gate.js';
import { fault } from '../pages/fault.js';
import type { ShowPage } from '../pages/page.js';
import type { Redactor } from '../redact/redactor.js';
import { batchBody } from './batch-page.js';
import { type BatchSnapshot, BatchSnapshots, SnapshotOutdated } from './batch-snapshots.js';
import { withoutFormulas } from './formulas.js';
import { type ListFilter, listBody, selectBatches } from './list-page.js';

/** What {@link batchesPages} needs. */
export interface BatchesPagesDeps {
  readonly producer: Pick<Producer, 'batches' | 'time'>;
  readonly base: string;
  readonly redact: Redactor;
  readonly showPage: ShowPage;
}

const SCRIPT = 'live.js';

/** Adds `/batches` and all pages below it. */
export async function batchesPages(app: FastifyInstance, deps: BatchesPagesDeps): Promise<void> {
  const { producer, base, redact, showPage } = deps;
  const { batches } = producer;
  const snapshots = new BatchSnapshots(producer);
  // Its value is redacted, so the text of its payload stays here.
  const redactRow = (row: FailedRow): FailedRow => redact({ ...row, json: undefined }) as FailedRow;
  const send = (reply: FastifyReply, title: string, body: string): FastifyReply =>
    showPage(reply, { title, body, script: SCRIPT, isOfBatches: true });
  addErrorPages(app, send);
  const clock = new RedisClock(() => producer.time());
  /** Waits for a snapshot. In an outage its page goes by what is known of Redis' clock. */
  const look = async <T>(reply: FastifyReply, snapshot: Promise<T>): Promise<T> => {
    const [found] = await Promise.all([orLastKnown(reply, snapshot), clock.sync().catch(() => undefined)]);
    return found;
  };

  app.get('/batches', async (request, reply) => {
    const filter = readFilter(request.query);
    const all = await look(reply, snapshots.list());
    return send(reply, 'Batches', listBody(base, selectBatches(all, filter), filter, clock.at()));
  });

  app.get('/batches.json', async (request) => {
    const { shown, count, page, pages } = selectBatches(await snapshots.list(), readFilter(request.query));
    const all = shown.map(({ view, ...progress }) => ({ ...view, stage: stageOf(view), ...progress }));
    return redact({ batches: all, count, page, pages });
  });

  app.get<OneBatch>('/batches/:queue/:batch', async ({ params }, reply) => {
    const { queue, batch } = params;
    const { progress, failures } = redactSnapshot(await look(reply, snapshots.show(queue, batch)));
    return send(reply, batch, batchBody(base, progress, failures, clock.at()));
  });

  app.get<OneBatch>('/batches/:queue/:batch.json', async ({ params: { queue, batch } }) => {
    const { view, ...progress } = redactSnapshot(await snapshots.show(queue, batch)).progress;
    return { ...view, ...progress };
  });

  for (const format of ['csv', 'ndjson'] as const) {
    app.get<OneBatch>(`/batches/:queue/:batch/failed.${format}`, async ({ params }, reply) => {
      const { progress } = await snapshots.show(params.queue, params.batch);
      return sendFailures(reply, progress.view, format);
    });
  }

  /** A batch and its first failed rows, redacted. */
  function redactSnapshot({ progress, failures: rows, examples }: BatchSnapshot): BatchSnapshot {
    // Reasons quote messages, and messages quote payloads. Redacted together with the rows, they
    // lose the secrets of the rows. The payload of a row that was retried is not known any more, so
    // its message is not shown.
    const known = new Set(examples.map(({ row }) => row));
    const shown = progress.view.reasons.map(({ example, ...reason }) => ({
      ...{ ...reason, example: example && known.has(example.row) ? example : undefined },
    }));
    const { reasons } = redact({ reasons: shown, rows, examples }) as Pick<BatchView, 'reasons'>;
    const view = { ...(redact(progress.view) as BatchView), reasons };
    return { progress: { ...progress, view }, failures: rows.map(redactRow), examples: [] };
  }

  /**
   * Streams failed rows at the speed of the client, and stops when the client leaves. A fault in
   * the middle breaks the connection, so that nobody takes half a file for a whole one.
   */
  function sendFailures(reply: FastifyReply, view: BatchView, format: 'csv' | 'ndjson'): FastifyReply {
    const leaving = new AbortController();
    const output = new PassThrough();
    const change = format === 'csv' ? (row: FailedRow) => withoutFormulas(redactRow(row)) as FailedRow : redactRow;
    output.once('close', () => leaving.abort());
    exportFailures(batches, view, output, { format, change, signal: leaving.signal }).catch((error: Error) => {
      output.destroy(error);
    });
    reply.header('content-disposition', `attachment; filename="${view.name}-failed.${format}"`);
    return reply.type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson').send(output);
  }
}

/**
 * The last snapshot that is known when Redis is away. Its page has the status 503, so that nobody
 * takes it for a new one.
 */
async function orLastKnown<T>(reply: FastifyReply, taken: Promise<T>): Promise<T> {
  try {
    return await taken;
  } catch (error) {
    if (!(error instanceof SnapshotOutdated)) throw error;
    reply.code(503);
    return error.known as T;
  }
}

interface OneBatch {
  readonly Params: { readonly queue: string; readonly batch: string };
}

/** Reads the filter from the query, and ignores values that are not valid. */
function readFilter(query: unknown): ListFilter {
  const { queue, stage, page } = query as Record<string, unknown>;
  const at = Number(page);
  return {
    queue: typeof queue === 'string' && queue !== '' ? queue : undefined,
    stage: BATCH_STAGES.find((name) => name === stage),
    page: Number.isInteger(at) && at >= 1 ? at : 1,
  };
}

/** Answers requests that fail: people get a page, programs get JSON. */
function addErrorPages(
  app: FastifyInstance,
  send: (reply: FastifyReply, title: string, body: string) => FastifyReply,
): void {
  app.setErrorHandler((error: Error, request: FastifyRequest, reply: FastifyReply) => {
    const known = KNOWN_ERRORS.find(({ code }) => hasCode(error, code));
    if (known === undefined) throw error;
    const isPage = wantsPage(request);
    const text =
      known.text === undefined ? error.message : `${known.text}${isPage ? ' This page tries again by itself.' : ''}`;
    reply.code(known.status);
    return isPage ? send(reply, known.title, fault(known.title, text)) : reply.send({ error: text });
  });
}

const KNOWN_ERRORS = [
  { code: 'BULLPEN_BATCH_UNKNOWN', status: 404, title: 'No such batch', text: undefined },
  { code: 'BULLPEN_OPTIONS_INVALID', status: 422, title: 'Not possible', text: undefined },
  {
    code: 'BULLPEN_REDIS_UNAVAILABLE',
    status: 503,
    title: 'Redis is unavailable',
    text: 'Redis does not answer.',
  },
] as const;
