import { namedInText } from './named-in-text.js';
import { QuotedSecrets } from './quoted-secrets.js';
import { type Path, secretPaths } from './secret-paths.js';

/** The text that replaces a secret. */
export const REDACTED = '[redacted]';

/** Returns a copy of a JSON value without its secrets. */
export type Redactor = (value: unknown) => unknown;

/**
 * The deepest nesting that is shown. Deeper values would overflow the stack of code that walks
 * them.
 */
const MAX_DEPTH = 200;
const TOO_DEEP = '[nested too deep to be shown]';

/**
 * Makes a redactor.
 *
 * A path is one or more names with dots between them; `*` stands for any one name. It matches at
 * any depth: `card.number` matches every `number` in a `card`. Lists do not count as a step. Case,
 * `_` and `-` make no difference. A single name also matches the end of a longer one: `password`
 * matches `db_password`, and `apiKey` matches `x-api-key`.
 *
 * Secrets are also removed from texts: from JSON in a text, from `name=value` and `"name":
 * "value"`, and wherever the same value quotes the secret (an error message, a stack). Names never
 * change.
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
    /** How often something was redacted. */
    let redacted = 0;
    const replace = (secret: unknown): string => {
      quoted.add(secret);
      redacted += 1;
      return REDACTED;
    };
    const hide = (inner: unknown, path: Path | undefined, depth: number): unknown => {
      if (typeof inner === 'string') return hideInText(inner, path, depth);
      if (typeof inner !== 'object' || inner === null) return inner;
      if (depth > MAX_DEPTH) {
        redacted += 1;
        return TOO_DEEP;
      }
      if (Array.isArray(inner)) return inner.map((item) => hide(item, path, depth + 1));
      const label = labelOf(inner);
      return Object.fromEntries(
        Object.entries(inner).map(([name, child]) => {
          const at = { name, above: path };
          const isSecretHere =
            isSecret(at) || (name === 'value' && label !== undefined && isSecret({ name: label, above: path }));
          const isThere = child !== null && child !== undefined;
          return [name, isSecretHere && isThere ? replace(child) : hide(child, at, depth + 1)];
        }),
      );
    };
    const hideInText = (text: string, path: Path | undefined, depth: number): string => {
      const parsed = parseText(text);
      if (parsed === undefined) {
        const left = hideNamed(text);
        if (left !== text) redacted += 1;
        return left;
      }
      const before = redacted;
      const hidden = hide(parsed, path, depth + 1);
      // Only a text in which something was found is written again.
      return redacted === before ? text : JSON.stringify(hidden);
    };
    const hidden = hide(value, undefined, 0);
    return quoted.replaceIn(hidden);
  };
}

function cutDeep(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return TOO_DEEP;
  if (Array.isArray(value)) return value.map((item) => cutDeep(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, cutDeep(child, depth + 1)]));
}

/**
 * The name of an entry in a list of headers or fields, such as
 * `{ "name": "Authorization", "value": … }`.
 */
function labelOf(entry: object): string | undefined {
  if (!('value' in entry)) return undefined;
  const label = 'name' in entry ? entry.name : 'key' in entry ? entry.key : undefined;
  return typeof label === 'string' ? label : undefined;
}

/** Parses JSON in a text, such as the stored text of a malformed job. */
function parseText(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}
