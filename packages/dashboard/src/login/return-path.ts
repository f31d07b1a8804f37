/**
 * Where to go after a login: the page that was asked for, if it is one of ours, else the first.
 * @param asked whatever the query or the form says; anybody may have written it
 */
export function returnPath(asked: unknown, base: string): string {
  const first = `${base}/`;
  if (typeof asked !== 'string' || !asked.startsWith(first) || !URL.canParse(asked, 'http://own.invalid')) return first;
  // A browser reads `//host`, `/\host` and tabs inside as the beginning of another address.
  const { origin, pathname, search } = new URL(asked, 'http://own.invalid');
  return origin === 'http://own.invalid' && pathname.startsWith(first) && !/^\/[/\\]/.test(pathname)
    ? pathname + search
    : first;
}
