/** What tells where a request comes from. */
export interface Origins {
  /** The `Sec-Fetch-Site` header: set by the browser, out of reach for any page's script. */
  readonly site: string | undefined;
  /** The `Origin` header. */
  readonly origin: string | undefined;
  /** The host the request was for, with its port. */
  readonly host: string;
}

/**
 * Whether a request that changes something was sent by a page of ours. Browsers send at least one
 * of the two headers with it; what sends neither is no browser of this decade, or hides where it
 * comes from.
 */
export function isOurOwn({ site, origin, host }: Origins): boolean {
  if (site !== undefined) return site === 'same-origin';
  if (origin === undefined || !URL.canParse(origin)) return false;
  const theirs = new URL(origin);
  // A port that goes without saying may be said.
  const ours = `${theirs.protocol}//${host}`;
  return URL.canParse(ours) && theirs.host !== '' && new URL(ours).host === theirs.host;
}
