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
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { html } from 'ghtml';
import { wantsPage } from '../guard/gate.js';
import { type Nav, page } from '../pages/page.js';
import type { Redactor } from '../redact/redactor.js';
import { batchBody } from './batch-page.js';
import { BatchLooks } from './batch-snapshots.js';
import { withoutFormulas } from './formulas.js';
import { type ListFilter, listBody, partOf } from './list-page.js';

/** What the pages of batches take. */
export interface BatchesPagesDeps {
  readonly producer: Pick<Producer, 'batches'>;
  readonly base: string;
  readonly redact: Redactor;
  readonly nav: Nav;
}

const SCRIPT = 'live.js';

/** Adds `/batches` and what is below it. */
export async function batchesPages(app: FastifyInstance, parts: BatchesPagesDeps): Promise<void> {
  const { producer, base, redact, nav } = parts;
  const { batches } = producer;
  const looks = new BatchLooks(producer);
  const redactRow = (row: FailedRow): FailedRow => redact(row) as FailedRow;
  const send = (reply: FastifyReply, title: string, body: string): FastifyReply =>
    reply.type('text/html; charset=utf-8').send(page({ title, base, body, nav, script: SCRIPT }));
  addAnswers(app, send);

  app.get('/batches', async (request, reply) => {
    const filter = readFilter(request.query);
    return send(reply, 'Batches', listBody(base, partOf(await looks.list(), filter), filter, Date.now()));
  });

  app.get('/batches.json', async (request) => {
    const { shown, count, page, pages } = partOf(await looks.list(), readFilter(request.query));
    const all = shown.map(({ view, ...pace }) => ({ ...view, stage: stageOf(view), ...pace }));
    return redact({ batches: all, count, page, pages });
  });

  app.get<OneBatch>('/batches/:queue/:batch', async ({ params }, reply) => {
    const { progress, failures } = await shown(params);
    return send(reply, params.batch, batchBody(base, progress, failures, Date.now()));
  });

  app.get<OneBatch>('/batches/:queue/:batch.json', async ({ params }) => {
    const { view, ...pace } = (await shown(params)).progress;
    return { ...view, ...pace };
  });

  for (const format of ['csv', 'ndjson'] as const) {
    app.get<OneBatch>(`/batches/:queue/:batch/failed.${format}`, async ({ params }, reply) => {
      const { progress } = await looks.show(params.queue, params.batch);
      return sendFailures(reply, progress.view, format);
    });
  }

  /** A batch and its first failed rows, without their secrets. */
  async function shown({ queue, batch }: OneBatch['Params']) {
    const { progress, failures: rows } = await looks.show(queue, batch);
    // Reasons quote messages, and messages payloads: what is secret is known of these rows.
    const { reasons } = redact({ reasons: progress.view.reasons, rows }) as Pick<BatchView, 'reasons'>;
    const view = { ...(redact(progress.view) as BatchView), reasons };
    return { progress: { ...progress, view }, failures: rows.map(redactRow) };
  }

  /**
   * Streams as fast as the reader takes it, and stops when it leaves. What breaks in the middle
   * breaks the connection, lest half a file pass for a whole one.
   */
  function sendFailures(reply: FastifyReply, view: BatchView, format: 'csv' | 'ndjson'): FastifyReply {
    const leaving = new AbortController();
    const output = new PassThrough();
    const change = format === 'csv' ? (row: FailedRow) => withoutFormulas(redact(row)) as FailedRow : redactRow;
    output.once('close', () => leaving.abort());
    exportFailures(batches, view, output, { format, change, signal: leaving.signal }).catch((error: Error) => {
      output.destroy(error);
    });
    reply.header('content-disposition', `attachment; filename="${view.batch}-failed.${format}"`);
    return reply.type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson').send(output);
  }
}

interface OneBatch {
  readonly Params: { readonly queue: string; readonly batch: string };
}

/** Anything that is no filter is none. */
function readFilter(query: unknown): ListFilter {
  const { queue, stage, page } = query as Record<string, unknown>;
  const at = Number(page);
  return {
    queue: typeof queue === 'string' && queue !== '' ? queue : undefined,
    stage: BATCH_STAGES.find((name) => name === stage),
    page: Number.isInteger(at) && at >= 1 ? at : 1,
  };
}

/** What goes wrong is said on a page to people, and as JSON to programs. */
function addAnswers(
  app: FastifyInstance,
  send: (reply: FastifyReply, title: string, body: string) => FastifyReply,
): void {
  app.setErrorHandler((error: Error, request: FastifyRequest, reply: FastifyReply) => {
    const known = ANSWERS.find(({ code }) => hasCode(error, code));
    if (known === undefined) throw error;
    const said = known.says ?? error.message;
    reply.code(known.status);
    if (!wantsPage(request)) return reply.send({ error: said });
    return send(reply, known.title, html`<h1>${known.title}</h1><p class="note bad" role="alert">${said}</p>`);
  });
}

const ANSWERS = [
  { code: 'BULLPEN_BATCH_UNKNOWN', status: 404, title: 'No such batch', says: undefined },
  { code: 'BULLPEN_OPTIONS_INVALID', status: 422, title: 'Not possible', says: undefined },
  {
    code: 'BULLPEN_REDIS_UNAVAILABLE',
    status: 503,
    title: 'Redis is unavailable',
    says: 'Redis does not answer. This page asks again by itself.',
  },
] as const;
