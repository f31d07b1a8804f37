import type { FastifyInstance, FastifyRequest } from 'fastify';

/** The most characters of answers that are kept. */
const MAX_CHARACTERS = 8_000_000;

/**
 * The last answers to Bull Board's questions, by path and query. In an outage they are given again,
 * under a banner: Bull Board itself would say that there are no queues.
 */
export class LastKnown {
  readonly #answers = new Map<string, string>();
  #characters = 0;

  keep(url: string, answer: string): void {
    const key = keyOf(url);
    this.#forget(key);
    if (answer.length > MAX_CHARACTERS) return;
    this.#answers.set(key, answer);
    this.#characters += answer.length;
    // The one that nobody asked for the longest goes first.
    while (this.#characters > MAX_CHARACTERS) this.#forget(this.#answers.keys().next().value as string);
  }

  /** Of a queue whose jobs nobody listed, the list of all queues is known: it has the counts. */
  get(url: string): string | undefined {
    return this.#answers.get(keyOf(url)) ?? (isList(url) ? this.#answers.get(pathOf(url)) : undefined);
  }

  #forget(key: string): void {
    this.#characters -= this.#answers.get(key)?.length ?? 0;
    this.#answers.delete(key);
  }
}

/**
 * Answers Bull Board's questions in an outage with what was known before.
 * @param api what the paths of the questions begin with
 */
export function answerInOutage(app: FastifyInstance, api: string, outage: { readonly text: string | undefined }): void {
  const lastKnown = new LastKnown();
  const isQuestion = ({ method, url }: FastifyRequest): boolean => method === 'GET' && url.startsWith(api);
  app.addHook('preHandler', async (request, reply) => {
    if (outage.text === undefined || !isQuestion(request)) return undefined;
    const known = lastKnown.get(request.url);
    // Redis is not asked: a Redis that is frozen would let people wait for seconds.
    return known === undefined ? undefined : reply.type('application/json; charset=utf-8').send(known);
  });
  app.addHook('onSend', async (request, reply, body) => {
    if (!isQuestion(request) || typeof body !== 'string') return body;
    if (reply.statusCode === 200 && outage.text === undefined) lastKnown.keep(request.url, body);
    // Redis went away while it was asked.
    const known = reply.statusCode === 503 ? lastKnown.get(request.url) : undefined;
    if (known === undefined) return body;
    reply.code(200).removeHeader('content-length');
    return known;
  });
}

const pathOf = (url: string): string => url.split('?')[0] ?? '';
const isList = (url: string): boolean => pathOf(url).endsWith('/api/queues');

/** Without a queue, the answer is the list of all queues, whatever else the query says. */
const keyOf = (url: string): string =>
  isList(url) && !new URLSearchParams(url.split('?')[1]).get('activeQueue') ? pathOf(url) : url;
