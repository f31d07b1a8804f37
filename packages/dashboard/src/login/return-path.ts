/**
 * Chooses the page after a login: the requested one if it is a page of this dashboard, else the
 * first page.
 * @param asked the path from the query or the form; anybody may have written it
 */
export function returnPath(asked: unknown, base: string): string {
  const first = `${base}/`;
  if (typeof asked !== 'string' || !asked.startsWith(first) || !URL.canParse(asked, 'http://own.invalid')) return first;
  // A browser reads `//host`, `/\host` and paths with tabs as addresses of other hosts.
  const { origin, pathname, search } = new URL(asked, 'http://own.invalid');
  return origin === 'http://own.invalid' && pathname.startsWith(first) && !/^\/[/\\]/.test(pathname)
    ? pathname + search
    : first;
}
