import { html } from 'ghtml';

/** Renders what went wrong, for the body of a page. */
export const fault = (title: string, text: string): string =>
  html`<h1>${title}</h1><p class="note bad" role="alert">${text}</p>`;

/** Renders the ways back to pages that are there. */
export const waysHome = (base: string): string =>
  html`<p><a class="button" href="${base}/">Queues</a> <a class="button plain" href="${base}/batches">Batches</a></p>`;
