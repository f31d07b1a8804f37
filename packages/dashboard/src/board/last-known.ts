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

const pathOf = (url: string): string => url.split('?')[0] ?? '';
const isList = (url: string): boolean => pathOf(url).endsWith('/api/queues');

/** Without a queue, the answer is the list of all queues, whatever else the query says. */
const keyOf = (url: string): string =>
  isList(url) && !new URLSearchParams(url.split('?')[1]).get('activeQueue') ? pathOf(url) : url;
