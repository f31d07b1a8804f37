import { html } from 'ghtml';

/** What a page of ours is made of. */
export interface PageDeps {
  readonly title: string;
  /** The base path, without a slash at its end; `''` at the root. */
  readonly base: string;
  /** HTML. What comes from Redis was escaped by who made it. */
  readonly body: string;
  /** Whether to show the way to the other pages, and out. */
  readonly nav?: Nav;
  /** The file name of a script of ours under `assets/`. */
  readonly script?: string;
}

/** Where one can go from a page. */
export interface Nav {
  /** Whether there is a session to end. */
  readonly canLogOut: boolean;
  readonly readOnly: boolean;
}

/**
 * A whole page. Nothing in it is inline and nothing is from another host: the content security
 * policy allows neither.
 */
export function page({ title, base, body, nav, script }: PageDeps): string {
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
!${nav === undefined ? '' : header(base, nav)}
<main>
!${body}
</main>
</body>
</html>
`;
}

const header = (base: string, { canLogOut, readOnly }: Nav): string => html`<header>
<a class="brand" href="${base}/batches">Bullpen</a>
<nav aria-label="Pages"><a href="${base}/">Queues</a><a href="${base}/batches" aria-current="true">Batches</a></nav>
!${readOnly ? '<span class="tag">read-only</span>' : ''}
!${canLogOut ? html`<form method="post" action="${base}/logout"><button class="plain">Log out</button></form>` : ''}
</header>`;
