import { createBullBoard } from '@bull-board/api';
import { FastifyAdapter } from '@bull-board/fastify';
import type { Logger } from '@bullpen/shared';
import { isConnectionLoss, reasonOf } from '@bullpen/shared/internal';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { html } from 'ghtml';
import { refuse } from '../guard/gate.js';
import type { Redactor } from '../redact/redactor.js';
import { type BoardQueue, changeMany } from './bulk-changes.js';
import { answerInOutage } from './last-known.js';
import { type ChangeNote, logChanges } from './log-changes.js';
import { QueueAdapter } from './queue-adapter.js';
import type { Queue } from './queues.js';
import { redactResponse } from './redact-response.js';
import { type Asked, refusalOf, removalRefusal } from './refusals.js';
import type { RetryJobs } from './retry-jobs.js';
import { shortenList } from './shorten-list.js';

/** What {@link addBoard} needs. */
export interface BoardDeps {
  readonly base: string;
  readonly title: string;
  readonly version: string;
  readonly readOnly: boolean;
  readonly hasLogin: boolean;
  readonly redact: Redactor;
  /** Whether a queue has rows of batches that are not settled yet. */
  readonly hasOpenBatch: (queue: string) => Promise<boolean>;
  readonly retryJobs: RetryJobs;
  /** Who makes a request; `undefined` without a session. */
  readonly userOf: (request: FastifyRequest) => string | undefined;
  readonly outage: { readonly text: string | undefined };
  readonly log: Logger;
}

/** The board, to which queues are added and from which they are removed. */
export interface Board {
  add(queue: Queue): void;
  remove(name: string): void;
}

/** Bull Board's page loads a font from another host. */
const FOREIGN_FONTS = /<link[^>]*href="https:\/\/fonts\.googleapis\.com[^>]*>\s*/g;

/**
 * What we add to Bull Board's page: a style sheet, a link that people see, the script that tells of
 * outages, and the version for the style sheet to show.
 */
const additions = (base: string, version: string): string =>
  html`<link rel="stylesheet" href="${base}/assets/board.css"><style>:root { --bullpen-version: "${version}" }</style><a class="bullpen-batches" href="${base}/batches">Batches</a><script type="module" src="${base}/assets/outage.js"></script>`;

/** How often Bull Board's page asks for counts and jobs, in seconds. */
const POLL_S = 2;
/** The most jobs on a page. Bull Board's own menu ends at 50. */
const MAX_JOBS = 100;

/** Adds Bull Board at the base path. */
export async function addBoard(app: FastifyInstance, deps: BoardDeps): Promise<Board> {
  const { base, title, version, readOnly, hasLogin, redact, hasOpenBatch, retryJobs, userOf, outage, log } = deps;
  const adapter = new FastifyAdapter();
  const board = createBullBoard({
    queues: [],
    serverAdapter: adapter,
    options: {
      uiConfig: {
        boardTitle: title,
        boardLogo: { path: `${base}/assets/icon.svg`, width: 24, height: 24 },
        favIcon: { default: `${base}/assets/icon.svg`, alternative: `${base}/assets/icon.svg` },
        miscLinks: [
          { text: 'Batches', url: `${base}/batches` },
          ...(hasLogin ? [{ text: 'Log out', url: `${base}/logout` }] : []),
        ],
        hideDocsLink: true,
        pollingInterval: { forceInterval: POLL_S },
      },
    },
  });
  adapter.setBasePath(base === '' ? '/' : base);
  adapter.setErrorHandler((error) => {
    const { statusCode } = error as { statusCode?: number };
    const isAway = isConnectionLoss(error);
    // A malformed job: the error quotes it, so the message must not. When the request is malformed,
    // the error has a status.
    const isMalformed = error instanceof SyntaxError && statusCode === undefined;
    const message = isAway ? 'Redis is unavailable' : isMalformed ? 'The job is malformed.' : reasonOf(error);
    const status = isAway ? 503 : (statusCode ?? (error instanceof URIError ? 400 : 500));
    if (status === 500 && !isMalformed) log.warn({ err: error }, 'board request failed');
    return { status: status as 500, body: { error: { key: 'ERRORS.INTERNAL_SERVER_ERROR' }, message } };
  });

  const queues = new Map<string, BoardQueue>();
  const notes = new WeakMap<FastifyRequest, ChangeNote>();
  const noteOf = (request: FastifyRequest): ChangeNote => notes.get(request) ?? {};
  const payloadOf = async (queue: string, jobId: string): Promise<unknown> =>
    (await queues.get(queue)?.queue.getJob(jobId))?.data;

  app.get('/outage.json', async () => ({ outage: outage.text ?? null }));
  await app.register(async (scope) => {
    logChanges(scope, { userOf, noteOf, log });
    answerInOutage(scope, `${base}/api/`, outage);
    scope.addHook('preHandler', async (request, reply) => {
      const asked: Asked = { method: request.method, route: request.routeOptions.url, params: request.params ?? {} };
      const why = refusalOf(asked.method, asked.route) ?? (await removalRefusal(asked, hasOpenBatch));
      if (why !== undefined) return refuse(request, reply, 403, why);
      const { jobsPerPage } = (request.query ?? {}) as { jobsPerPage?: unknown };
      if (Number(jobsPerPage) > MAX_JOBS) return refuse(request, reply, 400, `At most ${MAX_JOBS} jobs per page.`);
      const queue = queues.get(asked.params.queueName ?? '');
      const change = queue === undefined ? undefined : await changeMany(asked, queue, retryJobs);
      if (change === undefined) return undefined;
      notes.set(request, { count: change.count });
      return reply.send(change.body);
    });
    // Every response passes here.
    scope.addHook('preSerialization', async (request, reply, body) => {
      if (reply.statusCode < 400) {
        return shortenList(await redactResponse({ body, params: request.params ?? {} }, redact, payloadOf));
      }
      // An error holds no job. Redacting it must not ask Redis, which may fail again.
      const fault = redact(body);
      notes.set(request, { reason: reasonFrom(fault) });
      return fault;
    });
    scope.addHook('onSend', async (_request, reply, body) => {
      const isPage = String(reply.getHeader('content-type')).startsWith('text/html');
      if (!isPage || typeof body !== 'string') return body;
      return body.replace(FOREIGN_FONTS, '').replace('</body>', `${additions(base, version)}</body>`);
    });
    await scope.register(adapter.registerPlugin());
  });

  return {
    add: (queue) => {
      const adapter = new QueueAdapter(queue, readOnly, retryJobs);
      queues.set(queue.name, { queue, adapter });
      board.addQueue(adapter);
    },
    remove: (name) => {
      queues.delete(name);
      board.removeQueue(name);
    },
  };
}

/** Why a change was refused: our message, or Bull Board's key in words, `ERRORS.JOB_NOT_FOUND`. */
function reasonFrom(fault: unknown): string {
  const { message, error } = fault as { readonly message?: unknown; readonly error?: { readonly key?: unknown } };
  if (typeof message === 'string') return message;
  const key = typeof error?.key === 'string' ? error.key : undefined;
  return (
    key
      ?.replace(/^ERRORS\./, '')
      .replaceAll('_', ' ')
      .toLowerCase() ?? JSON.stringify(fault)
  );
}
