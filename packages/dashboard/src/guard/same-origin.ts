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
 * Whether a request that changes something was sent by a page of ours. Browsers send at least one of the two headers with it; what sends neither is no browser of this decade, or hides where
 * it comes from.
 */
export function isOurOwn({ site, origin, host }: Origins): boolean {
  if (site !== undefined) return site === 'same-origin';
  if (origin === undefined || !URL.canParse(origin)) return false;
  return new URL(origin).host === host;
}
