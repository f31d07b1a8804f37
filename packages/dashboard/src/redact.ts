import { redactUrls } from '@bullpen/shared';

/** What is shown instead of a secret. */
export const REDACTED = '[redacted]';

/** What is secret by its name, wherever it stands, unless a dashboard is told otherwise. */
export const SECRET_NAMES = [
  ...['password', 'passwd', 'pwd', 'passphrase', 'secret', 'clientSecret', 'privateKey', 'signingKey'],
  ...['token', 'accessToken', 'refreshToken', 'idToken', 'authToken', 'apiKey', 'accessKey', 'secretKey'],
  ...['authorization', 'cookie', 'setCookie', 'credentials', 'cardNumber', 'cvc', 'cvv', 'iban', 'ssn'],
] as const;

/** Takes the secrets out of a JSON value, and leaves the value itself as it is. */
export type Redactor = (value: unknown) => unknown;

/** Nothing that people read is nested deeper; what is would overflow the stack of whoever walks through it. */
const DEEPEST = 200;
/** A secret that is shorter is found by its name alone: in free text it would be any word. */
const SHORTEST_SECRET = 6;
const MOST_SECRETS = 1_000;

/**
 * Makes a redactor. A path is names with dots between them, `*` for any one of them, and it matches wherever in a value it ends: `token` matches any `token`, `card.number` any `number` in
 * a `card`. Lists do not count as a step; case, `_` and `-` make no difference. What is found is also taken out of text: of JSON in a text, of `name=value` and `"name": "value"`, and wherever
 * else in the same value the secret itself is quoted (an error message, a stack).
 */
export function createRedactor(paths: readonly string[]): Redactor {
  const patterns = paths.map((path) => path.split('.').map(normal).reverse());
  if (patterns.length === 0) return (value) => value;
  const named = namedInText(paths.filter((path) => !/[.*]/.test(path)));
  const isSecret = (path: readonly string[]): boolean =>
    patterns.some((pattern) => pattern.every((name, at) => matches(name, path[path.length - 1 - at])));

  return (value) => {
    const secrets = new Set<string>();
    const hide = (inner: unknown, path: readonly string[]): unknown => {
      if (path.length > DEEPEST) return '[nested too deep to be shown]';
      if (typeof inner === 'string') return hideInText(inner, path);
      if (typeof inner !== 'object' || inner === null) return inner;
      if (Array.isArray(inner)) return inner.map((item) => hide(item, path));
      return Object.fromEntries(
        Object.entries(inner).map(([name, child]) => {
          const at = [...path, normal(name)];
          if (!isSecret(at) || child === null || child === undefined) return [name, hide(child, at)];
          collect(child, secrets);
          return [name, REDACTED];
        }),
      );
    };
    const hideInText = (text: string, path: readonly string[]): string => {
      const parsed = parseText(text);
      if (parsed !== undefined) {
        const hidden = JSON.stringify(hide(parsed, path));
        // Only a text in which something was found is written anew.
        return hidden === JSON.stringify(parsed) ? text : hidden;
      }
      const bare = text.includes('://') ? redactUrls(text) : text;
      return named === undefined ? bare : bare.replace(named, `$1${REDACTED}`);
    };
    const hidden = hide(value, []);
    return secrets.size === 0 ? hidden : withoutQuotes(hidden, secrets);
  };
}

const normal = (name: string): string => name.toLowerCase().replace(/[_-]/g, '');

const matches = (pattern: string, name: string | undefined): boolean =>
  name !== undefined && (pattern === '*' || pattern === name);

/** The texts and long numbers of a secret. */
function collect(secret: unknown, into: Set<string>, depth = 0): void {
  if (into.size >= MOST_SECRETS || depth > DEEPEST) return;
  if (typeof secret === 'object' && secret !== null) {
    for (const part of Object.values(secret)) collect(part, into, depth + 1);
  } else if ((typeof secret === 'string' || typeof secret === 'number') && String(secret).length >= SHORTEST_SECRET) {
    into.add(String(secret));
  }
}

/** Takes out of every text what was found to be secret elsewhere. */
function withoutQuotes(value: unknown, secrets: ReadonlySet<string>): unknown {
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length).map(escapeRegExp);
  const quoted = new RegExp(longestFirst.join('|'), 'g');
  const hide = (inner: unknown): unknown => {
    if (typeof inner === 'string') return inner === REDACTED ? inner : inner.replace(quoted, REDACTED);
    if (typeof inner !== 'object' || inner === null) return inner;
    if (Array.isArray(inner)) return inner.map(hide);
    return Object.fromEntries(Object.entries(inner).map(([name, child]) => [name, hide(child)]));
  };
  return hide(value);
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

/** Finds `name=value`, `name: value`, `"name":"value"` and `Authorization: Bearer value` in free text. */
function namedInText(names: readonly string[]): RegExp | undefined {
  if (names.length === 0) return undefined;
  const words = names.map((name) =>
    name
      .split(/[_-]|(?<=[a-z])(?=[A-Z])/)
      .map(escapeRegExp)
      .join('[_-]?'),
  );
  const value = String.raw`(?:(?:bearer|basic)\s+)?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"',;&})\]]+)`;
  return new RegExp(String.raw`(\b(?:${words.join('|')})["']?\s*[=:]\s*)${value}`, 'gi');
}

const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|-]/g, '\\$&');
