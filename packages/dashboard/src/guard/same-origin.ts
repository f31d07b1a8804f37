/** The headers that tell where a request comes from. */
export interface Origins {
  /** The `Sec-Fetch-Site` header. The browser sets it, and no script can change it. */
  readonly site: string | undefined;
  /** The `Origin` header. */
  readonly origin: string | undefined;
  /** The host of the request, with its port. */
  readonly host: string;
}

/**
 * Whether a page of this dashboard sent a request that changes something. Today's browsers send at
 * least one of the two headers with such a request. A request with neither is refused.
 */
export function isSameOrigin({ site, origin, host }: Origins): boolean {
  if (site !== undefined) return site === 'same-origin';
  if (origin === undefined || !URL.canParse(origin)) return false;
  const theirs = new URL(origin);
  // Both go through `URL`, which removes a default port.
  const ours = `${theirs.protocol}//${host}`;
  return URL.canParse(ours) && theirs.host !== '' && new URL(ours).host === theirs.host;
}
