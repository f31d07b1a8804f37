import { namedInText } from './named-in-text.js';
import { QuotedSecrets } from './quoted-secrets.js';
import { type Path, secretPaths } from './secret-paths.js';

/** What is shown instead of a secret. */
export const REDACTED = '[redacted]';

/**
 * What is secret by its name, wherever it stands, unless a dashboard is told otherwise. `token` is
 * `accessToken` and `csrf_token` as well.
 */
export const SECRET_NAMES = [
  ...['password', 'passwords', 'passwd', 'pwd', 'passphrase', 'secret', 'secrets', 'token', 'authorization'],
  ...['apiKey', 'accessKey', 'secretKey', 'privateKey', 'signingKey', 'encryptionKey', 'credentials'],
  ...['cookie', 'cookies', 'passwordConfirmation', 'cardNumber', 'cvc', 'cvv', 'iban', 'ssn'],
] as const;

/** Takes the secrets out of a JSON value, and leaves the value itself as it is. */
export type Redactor = (value: unknown) => unknown;

/**
 * Nothing that people read is nested deeper; what is would overflow the stack of whoever walks
 * through it.
 */
const DEEPEST = 200;
const TOO_DEEP = '[nested too deep to be shown]';

/**
 * Makes a redactor. A path is names with dots between them, `*` for any one of them, and it matches
 * wherever in a value it ends: `card.number` matches any `number` in a `card`. Lists do not count
 * as a step; case, `_` and `-` make no difference. A name alone is also found at the end of a
 * longer one: `password` in `db_password`, `apiKey` in `x-api-key`. What is found is also taken out
 * of text: of JSON in a text, of `name=value` and `"name": "value"`, and wherever else in the same
 * value the secret itself is quoted (an error message, a stack). Names are never changed.
 */
export function createRedactor(paths: readonly string[]): Redactor {
  if (paths.length === 0) return (value) => cutDeep(value);
  const isSecret = secretPaths(paths);
  const hideNamed = namedInText(
    paths.filter((path) => !/[.*]/.test(path)),
    REDACTED,
  );

  return (value) => {
    const quoted = new QuotedSecrets(REDACTED);
    /** How often something was taken out. */
    let taken = 0;
    const take = (secret: unknown): string => {
      quoted.add(secret);
      taken += 1;
      return REDACTED;
    };
    const hide = (inner: unknown, path: Path | undefined, depth: number): unknown => {
      if (typeof inner === 'string') return hideInText(inner, path, depth);
      if (typeof inner !== 'object' || inner === null) return inner;
      if (depth > DEEPEST) {
        taken += 1;
        return TOO_DEEP;
      }
      if (Array.isArray(inner)) return inner.map((item) => hide(item, path, depth + 1));
      const label = labelOf(inner);
      return Object.fromEntries(
        Object.entries(inner).map(([name, child]) => {
          const at = { name, above: path };
          const isIt =
            isSecret(at) || (name === 'value' && label !== undefined && isSecret({ name: label, above: path }));
          const isThere = child !== null && child !== undefined;
          return [name, isIt && isThere ? take(child) : hide(child, at, depth + 1)];
        }),
      );
    };
    const hideInText = (text: string, path: Path | undefined, depth: number): string => {
      const parsed = parseText(text);
      if (parsed === undefined) {
        const left = hideNamed(text);
        if (left !== text) taken += 1;
        return left;
      }
      const before = taken;
      const hidden = hide(parsed, path, depth + 1);
      // Only a text in which something was found is written anew.
      return taken === before ? text : JSON.stringify(hidden);
    };
    const hidden = hide(value, undefined, 0);
    return quoted.takeOut(hidden);
  };
}

function cutDeep(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) return TOO_DEEP;
  if (Array.isArray(value)) return value.map((item) => cutDeep(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, cutDeep(child, depth + 1)]));
}

/**
 * What an entry of a list of headers or fields is called: `{ "name": "Authorization", "value": …
 * }`.
 */
function labelOf(entry: object): string | undefined {
  if (!('value' in entry)) return undefined;
  const label = 'name' in entry ? entry.name : 'key' in entry ? entry.key : undefined;
  return typeof label === 'string' ? label : undefined;
}

/** JSON in a text: what a job held that could not be read, say. */
function parseText(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}
