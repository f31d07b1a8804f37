import type { FastifyReply } from 'fastify';
import { html } from 'ghtml';

/** The content type of a page. */
export const HTML = 'text/html; charset=utf-8';

/** The content of a page. */
export interface PageContent {
  readonly title: string;
  /** The base path, without a slash at its end; `''` at the root. */
  readonly base: string;
  /** HTML. Its author has escaped every text that comes from Redis. */
  readonly body: string;
  /** The navigation; without it the page has no header. */
  readonly nav?: Nav;
  /** The file name of a script under `assets/`. */
  readonly script?: string;
  /** Whether it is one of the pages of batches, which the header then marks. */
  readonly isOfBatches?: boolean;
  /** What to say above everything, because Redis is away. */
  readonly outage?: string | undefined;
}

/** Sends a page in the frame of this dashboard. */
export type ShowPage = (
  reply: FastifyReply,
  content: Pick<PageContent, 'title' | 'body' | 'script' | 'isOfBatches'>,
) => FastifyReply;

/** What the header of a page offers. */
interface Nav {
  /** Whether to show the button to log out. */
  readonly canLogOut: boolean;
  readonly readOnly: boolean;
}

/**
 * Renders a whole page. It has no inline script and loads nothing from other hosts: the content
 * security policy forbids both.
 */
export function page({ title, base, body, nav, script, isOfBatches = false, outage }: PageContent): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Bullpen</title>
<link rel="icon" type="image/svg+xml" href="${base}/assets/icon.svg">
<link rel="stylesheet" href="${base}/assets/bullpen.css">
!${script === undefined ? '' : html`<script type="module" src="${base}/assets/${script}"></script>`}
</head>
<body>
!${nav === undefined ? '' : header(base, nav, isOfBatches)}
<div id="outage">!${outage === undefined ? '' : html`<p class="note bad" role="alert">${outage}</p>`}</div>
<main>
!${body}
</main>
</body>
</html>
`;
}

const header = (base: string, { canLogOut, readOnly }: Nav, isOfBatches: boolean): string => html`<header>
<a class="brand" href="${base}/batches">Bullpen</a>
<nav aria-label="Pages"><a href="${base}/">Queues</a><a href="${base}/batches"!${isOfBatches ? ' aria-current="true"' : ''}>Batches</a></nav>
!${readOnly ? '<span class="tag">read-only</span>' : ''}
!${canLogOut ? html`<form method="post" action="${base}/logout"><button class="plain">Log out</button></form>` : ''}
</header>`;
