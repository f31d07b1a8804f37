import { redactUrls } from '@bullpen/shared/internal';

/** Removes secrets from free text by their names, and credentials from URLs. */
export type HideNamed = (text: string) => string;

/**
 * `=`, `:` or `=>` behind a name. The name may stand in quotes, and these may be escaped, because
 * JSON often stands in a text of JSON.
 */
const IS = String.raw`(?:\\*["'])?\s*(?:=>|[=:])\s*`;
/** A text in quotes or in escaped quotes, also when it was cut before its end. */
const IN_QUOTES = [
  String.raw`"(?:[^"\\]|\\[^])*(?:"|\\?$)`,
  String.raw`'(?:[^'\\]|\\[^])*(?:'|\\?$)`,
  String.raw`(\\+)(["'])[^]*?(?:(?<!\\)\2\3|$)`,
].join('|');
const WORD = String.raw`(?:(?:bearer|basic)\s+)?[^\s"',;&})\]\\]+`;
/** A value of several words, which ends with its line. */
const LINE = String.raw`[^\s"'\\{[][^\r\n]*`;
const HEADERS = /authorization|cookie/i;

const VALUE = new RegExp(`(${IS})(?:${IN_QUOTES}|${WORD})`, 'iy');
const HEADER_VALUE = new RegExp(`(${IS})(?:${IN_QUOTES}|${LINE})`, 'iy');
const SCHEME = /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{16,}/g;

/**
 * Makes a function that replaces the value in `name=value`, `name: value`, `"name":"value"` and
 * `Authorization: Bearer value`.
 */
export function namedInText(names: readonly string[], instead: string): HideNamed {
  // The longest first: in `secretKey=`, no value follows directly behind `secret`.
  const longestFirst = [...names].sort((a, b) => b.length - a.length);
  const some = names.length > 0 ? longestFirst.map(pattern).join('|') : '(?!)';
  const anyName = new RegExp(some, 'gi');
  const hasHeaders = names.some((name) => HEADERS.test(name));
  return (text) => {
    const bare = text.includes('://') ? redactUrls(text) : text;
    const left = withoutValues(bare, anyName, instead);
    return hasHeaders ? left.replace(SCHEME, `$1 ${instead}`) : left;
  };
}

function withoutValues(text: string, anyName: RegExp, instead: string): string {
  let out = '';
  let copied = 0;
  anyName.lastIndex = 0;
  for (let found = anyName.exec(text); found !== null; found = anyName.exec(text)) {
    const end = found.index + found[0].length;
    if (!beginsWord(text, found.index)) continue;
    const value = HEADERS.test(found[0]) ? HEADER_VALUE : VALUE;
    value.lastIndex = end;
    const [all, is = ''] = value.exec(text) ?? [];
    if (all === undefined) continue;
    out += text.slice(copied, end) + is + instead;
    copied = end + all.length;
    anyName.lastIndex = copied;
  }
  return copied === 0 ? text : out + text.slice(copied);
}

/**
 * Whether a name begins here: a whole name, or the end of a longer one (`dbPassword`,
 * `db_password`).
 */
function beginsWord(text: string, at: number): boolean {
  const before = text[at - 1];
  return before === undefined || !/\p{L}/u.test(before) || (/\p{Ll}/u.test(before) && /\p{Lu}/u.test(text[at] ?? ''));
}

/** Matches all spellings of a name: `apiKey` also as `api_key`, `api-key` and `API key`. */
const pattern = (name: string): string =>
  name
    .split(/[_-]|(?<=\p{Ll})(?=\p{Lu})/u)
    .map((word) => word.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
    .join('[_ -]?');
