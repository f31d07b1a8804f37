import type { Thrown } from './describe-thrown.js';

const MAX_REASON = 200;

/** What stands for the parts that differ from row to row. */
const VARIES = '…';

/** Parts that differ from row to row, whatever stands around them. */
const VARYING: readonly RegExp[] = [
  // The value of `Key (email)=(ada@example.com) already exists`.
  /(?<==)\([^()\n]*\)/g,
  // E-mail addresses; UUIDs.
  /<?[\w.+%-]+@[\w-]+(?:\.[\w-]+)+>?/g,
  /\b[0-9a-f]{8}-[0-9a-f-]{27}\b/gi,
  // Dates and times.
  /\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?/g,
  /\b\d\d:\d\d:\d\d(?:[.,]\d+)?/g,
  // Addresses of IPv4 and IPv6, with a port.
  /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g,
  /(?<![\w:])\[?(?:[0-9a-f]{1,4}:{1,2}|::)(?:[0-9a-f]{1,4}:{1,2})+[0-9a-f]{1,4}\]?(?::\d+)?|(?<![\w:])::[0-9a-f]{1,4}(?::\d+)?/gi,
  // Hex, Base64, ids of letters and digits. Not E11000 of MongoDB, not ERR_HTTP2_STREAM.
  /\b0x[0-9a-f]+\b/gi,
  /(?<![\w+/])[\w+/]{24,}={1,2}/g,
  /\b(?!E\d{5}\b)(?=[0-9a-f]*\d)[0-9a-f]{6,}\b/gi,
  /\b(?![A-Z]+_[A-Z0-9_]+\b)(?=[A-Za-z_]*\d)(?=[\d_]*[A-Za-z])\w{9,}\b/g,
];

/** What is quoted. An apostrophe is no quote. */
const QUOTED = /"[^"\n]*"|(?<!\w)'[^'\n]*'(?!\w)|`[^`\n]*`/g;
/** Names in code, such as "users_email_key". */
const CODE_NAME = /^.[A-Za-z]+(?:_[A-Za-z]+)+.$/;
/** Names of fields in JSON: what stands before and behind one, and the name. */
const FIELD = { before: /[{,]\s*$/, name: /^"[A-Za-z_]\w{0,39}"$/, behind: /^\s*:/ };

/** Replaces what is quoted, but no names: they are the same for many rows. */
const withoutQuoted = (said: string): string =>
  said.replace(QUOTED, (quoted, at: number) => {
    const isField =
      FIELD.name.test(quoted) &&
      FIELD.before.test(said.slice(0, at)) &&
      FIELD.behind.test(said.slice(at + quoted.length));
    return isField || CODE_NAME.test(quoted) ? quoted : VARIES;
  });

/** Words with a digit that are always written so. */
const WORD =
  /\b(?:HTTP\/\d(?:\.\d)?|HTTP[23]|UTF-?(?:8|16)|utf8mb4|IPv[46]|OAuth2|base64|sha-?\d{1,3}|md5|S3|EC2|x509|h2)\b/gi;

const UNIT = String.raw`(?!\d|[.,]\d|\s?(?:[nµm]?s|secs?|seconds?|min|minutes?|h|hours?|days?|[kMG]i?B|bytes|%)(?![A-Za-z]))`;

/** Digits that say what happened: a status or a code. */
const CODES: readonly RegExp[] = [
  // An enhanced status of mail, with the status before it: `550 5.1.1`. Versions look the same.
  /(?<![\d.])(?:[1-5]\d\d[ -])?\d{1,3}\.\d{1,3}\.\d{1,3}(?!\.?\d)/g,
  // What a word announces: `status code 404`, `errno: -110`, `exit code 137`, `code: 23505`.
  new RegExp(
    String.raw`(?<=\b(?:(?:http|response|error|err|exit|status|result)[ _-]?){0,2}(?:status|errno|sqlstate|signal|http(?:/\d(?:\.\d)?)?|exited with|(?<!\b(?:zip|postal|promo|coupon|discount|voucher|bar|qr|access|verification|area|country)[ _-])code)\W{1,3})-?(?=[A-Z]*\d)[A-Z\d]{1,6}(?!\w)${UNIT}`,
    'gi',
  ),
  // What only looks like a status there: `got 503,`, `(429)`, `: 404`, `502 Bad Gateway`.
  new RegExp(
    String.raw`(?<=\b(?:error|got|returned|responded|responded with|received|answered|answered with|response|failed with|replied|replied with) \(?|\(|\[)[1-5]\d\d(?=[^\w\s]|$| [A-Z(])${UNIT}`,
    'gi',
  ),
  /(?<=(?<!\b\w*(?:id|no|number|row|line|order|user|customer|item|count|size|port)): )[1-5]\d\d(?=[,;:)\]]|$| [A-Z]| -)/gi,
  /(?<![\w/#.-])[1-5]\d\d(?= (?:[A-Z][a-z]+(?: [A-Z][a-z]+)+|Forbidden|Unauthorized|Conflict|Gone|OK)\b)/g,
  // Codes with letters: `ORA-00001:`, `E11000`, `(P2002)`, `[42P01]`, at the beginning or in brackets.
  /(?<=^|: |\(|\[)[A-Z]{1,4}-?\d{2,5}(?=[:)\]]| [a-z])/g,
  /(?<=\(|\[)\d{2}[A-Z\d]{3}(?=\)|\])/g,
];

/** Stands for a code while other digits are replaced. Messages hardly ever have such characters. */
const FIRST_PLACE = 0xe000;
const PLACES = /[\ue000-\ue1ff]/g;

/**
 * Makes the reason of a failure, a text that many rows share. It leaves out ids, quoted values,
 * addresses, times and other numbers, because they differ from row to row: nobody reads a million
 * different reasons. A status or a code stays, because it says what happened.
 */
export function reasonOfFailure({ name, message }: Pick<Thrown, 'name' | 'message'>): string {
  // Cut before replacing: a message may be a megabyte.
  let said = `${name}: ${message.slice(0, 2 * MAX_REASON)}`.slice(0, 2 * MAX_REASON).replace(PLACES, VARIES);
  said = withoutQuoted(said);
  for (const part of VARYING) said = said.replace(part, VARIES);
  const kept: string[] = [];
  const keep = (code: string): string => String.fromCharCode(FIRST_PLACE + kept.push(code) - 1);
  for (const code of [WORD, ...CODES]) said = said.replace(code, keep);
  return said
    .replace(/\d+/g, VARIES)
    .replace(/…(?:[.,:;/_+-]?…)+/g, VARIES)
    .replace(/…(?: …)+/g, VARIES)
    .replace(PLACES, (place) => kept[place.charCodeAt(0) - FIRST_PLACE] ?? '')
    .replace(/[^\S ]+/g, ' ')
    .slice(0, MAX_REASON);
}
