import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import { isConnectionLoss, type Logger, reasonOf } from '@bullpen/shared';
import type { FastifyInstance } from 'fastify';
import { html } from 'ghtml';
import { refuse } from '../guard/gate.js';
import type { Redactor } from '../redact.js';
import type { Queue } from './queues.js';
import { refusalOf, rowRefusal } from './refusals.js';

/** What the board takes. */
export interface BoardParts {
  readonly base: string;
  readonly title: string;
  readonly readOnly: boolean;
  readonly hasLogin: boolean;
  readonly redact: Redactor;
  readonly log: Logger;
}

/** Where queues are put on the board, and taken off it. */
export interface Board {
  add(queue: Queue): void;
  remove(name: string): void;
}

/** Bull Board's page asks for its font from another host. */
const FOREIGN_FONTS = /<link[^>]*href="https:\/\/fonts\.googleapis\.com[^>]*>\s*/g;

/** Bull Board has no place for a link that is seen. */
const waysOut = (base: string): string =>
  html`<link rel="stylesheet" href="${base}/assets/board.css"><a class="bullpen-batches" href="${base}/batches">Batches</a>`;

/** How often its page asks for counts and jobs, in seconds. */
const POLL_S = 2;

/** Adds Bull Board at the base path. */
export async function addBoard(app: FastifyInstance, parts: BoardParts): Promise<Board> {
  const { base, title, readOnly, hasLogin, redact, log } = parts;
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
    const isAway = isConnectionLoss(error);
    if (!isAway) log.warn({ err: error }, 'board could not answer');
    const message = isAway ? 'Redis is unavailable' : reasonOf(error);
    const status = isAway ? 503 : ((error as { statusCode?: number }).statusCode ?? 500);
    return { status: status as 500, body: { error: { key: 'ERRORS.INTERNAL_SERVER_ERROR' }, message } };
  });

  await app.register(async (scope) => {
    scope.addHook('preHandler', async (request, reply) => {
      const { url } = request.routeOptions;
      const { jobId } = (request.params ?? {}) as { jobId?: string };
      const why = refusalOf(request.method, url) ?? rowRefusal(request.method, url, jobId);
      if (why !== undefined) return refuse(request, reply, 403, why);
    });
    // The one door out: whatever Bull Board answers, now or in a later version, is redacted as a whole.
    scope.addHook('preSerialization', async (_request, _reply, body) => redact(body));
    scope.addHook('onSend', async (_request, reply, body) => {
      const isPage = String(reply.getHeader('content-type')).startsWith('text/html');
      if (!isPage || typeof body !== 'string') return body;
      return body.replace(FOREIGN_FONTS, '').replace('</body>', `${waysOut(base)}</body>`);
    });
    await scope.register(adapter.registerPlugin());
  });

  return {
    add: (queue) => board.addQueue(new BullMQAdapter(queue, { readOnlyMode: readOnly })),
    remove: (name) => board.removeQueue(name),
  };
}
