import { mapTexts } from './map-texts.js';

/** A secret that is shorter is found by its name alone: in free text it would be any word. */
const SHORTEST = 6;
const MAX_SECRETS = 1_000;
/**
 * Every text is searched for every secret; together so many characters: some tenths of a second.
 */
const MAX_SEARCHED = 200_000_000;
const NOT_SEARCHED = '[not shown: too long to be searched for secrets]';

/**
 * What was found to be secret in a value, to be taken out of the texts of the same value that quote
 * it.
 */
export class QuotedSecrets {
  readonly #instead: string;
  readonly #secrets = new Set<string>();
  #left = MAX_SEARCHED;

  constructor(instead: string) {
    this.#instead = instead;
  }

  /** Remembers the texts and long numbers of a secret. */
  add(secret: unknown): void {
    // Not by recursion: a secret may be nested deeper than a stack.
    const open: unknown[] = [secret];
    while (open.length > 0 && this.#secrets.size < MAX_SECRETS) {
      const part = open.pop();
      if (typeof part === 'object' && part !== null) for (const inner of Object.values(part)) open.push(inner);
      else if (typeof part === 'string' || typeof part === 'number') {
        for (const text of waysToWrite(String(part))) if (text.length >= SHORTEST) this.#secrets.add(text);
      }
    }
  }

  /** The value, without quotes of what was remembered. */
  takeOut(value: unknown): unknown {
    if (this.#secrets.size === 0) return value;
    // The longest first: one may be a part of another.
    const secrets = [...this.#secrets].sort((a, b) => b.length - a.length);
    return mapTexts(value, (text) => this.#takeOutOf(text, secrets));
  }

  #takeOutOf(text: string, secrets: readonly string[]): string {
    let out = text;
    for (const secret of secrets) {
      if (secret.length > out.length) continue;
      this.#left -= out.length;
      if (this.#left < 0) return NOT_SEARCHED;
      out = out.replaceAll(secret, () => this.#instead);
    }
    return out;
  }
}

/** A text as it is, as it stands in JSON, and as in a URL and a form. */
function waysToWrite(text: string): Set<string> {
  // A half of a pair cannot be written in a URL.
  const whole = Buffer.from(text).toString();
  const form = new URLSearchParams({ s: whole }).toString().slice(2);
  return new Set([text, JSON.stringify(text).slice(1, -1), encodeURIComponent(whole), form]);
}
