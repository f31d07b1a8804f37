import { redactUrls } from '@bullpen/shared/internal';

/** Takes what is secret by its name out of free text, and the credentials out of URLs. */
export type HideNamed = (text: string) => string;

/**
 * `=`, `:` or `=>`, after a name that may stand in quotes, which may be escaped: JSON is often
 * quoted as a text of JSON.
 */
const IS = String.raw`(?:\\*["'])?\s*(?:=>|[=:])\s*`;
/** A text in quotes, also in escaped ones, and also one that was cut off before its end. */
const IN_QUOTES = [
  String.raw`"(?:[^"\\]|\\[^])*(?:"|\\?$)`,
  String.raw`'(?:[^'\\]|\\[^])*(?:'|\\?$)`,
  String.raw`(\\+)(["'])[^]*?(?:(?<!\\)\2\3|$)`,
].join('|');
const WORD = String.raw`(?:(?:bearer|basic)\s+)?[^\s"',;&})\]\\]+`;
/** What has more than one word, and ends with its line. */
const LINE = String.raw`[^\s"'\\{[][^\r\n]*`;
const HEADERS = /authorization|cookie/i;

const VALUE = new RegExp(`(${IS})(?:${IN_QUOTES}|${WORD})`, 'iy');
const HEADER_VALUE = new RegExp(`(${IS})(?:${IN_QUOTES}|${LINE})`, 'iy');
const SCHEME = /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{16,}/g;

/**
 * Makes what finds `name=value`, `name: value`, `"name":"value"` and `Authorization: Bearer value`.
 */
export function namedInText(names: readonly string[], instead: string): HideNamed {
  // The longest first: what `secret` finds in `secretKey=` is followed by no value.
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
 * Whether a name begins here: a name by itself, or the end of a longer one (`dbPassword`,
 * `db_password`).
 */
function beginsWord(text: string, at: number): boolean {
  const before = text[at - 1];
  return before === undefined || !/\p{L}/u.test(before) || (/\p{Ll}/u.test(before) && /\p{Lu}/u.test(text[at] ?? ''));
}

/** `apiKey` is also `api_key`, `api-key` and `API key`. */
const pattern = (name: string): string =>
  name
    .split(/[_-]|(?<=\p{Ll})(?=\p{Lu})/u)
    .map((word) => word.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
    .join('[_ -]?');
