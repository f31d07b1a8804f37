import { mapTexts } from './map-texts.js';

/** Shorter secrets are found by name only: in free text they could be any word. */
const MIN_LENGTH = 6;
const MAX_SECRETS = 1_000;
/**
 * Every text is searched for every secret. At most this many characters are searched in all, which
 * takes some tenths of a second.
 */
const MAX_SEARCHED = 200_000_000;
const NOT_SEARCHED = '[not shown: too long to be searched for secrets]';

/** The secrets of one value, to remove them from texts of the same value that quote them. */
export class QuotedSecrets {
  readonly #instead: string;
  readonly #secrets = new Set<string>();
  #left = MAX_SEARCHED;

  constructor(instead: string) {
    this.#instead = instead;
  }

  /** Remembers the texts and long numbers of a secret. */
  add(secret: unknown): void {
    // A loop, not recursion: a secret may be nested too deep for the stack.
    const open: unknown[] = [secret];
    while (open.length > 0 && this.#secrets.size < MAX_SECRETS) {
      const part = open.pop();
      if (typeof part === 'object' && part !== null) for (const inner of Object.values(part)) open.push(inner);
      else if (typeof part === 'string' || typeof part === 'number') {
        for (const text of spellingsOf(String(part))) if (text.length >= MIN_LENGTH) this.#secrets.add(text);
      }
    }
  }

  /** Returns the value with all quotes of remembered secrets replaced. */
  replaceIn(value: unknown): unknown {
    if (this.#secrets.size === 0) return value;
    // The longest first: a secret may be a part of another one.
    const secrets = [...this.#secrets].sort((a, b) => b.length - a.length);
    return mapTexts(value, (text) => this.#replaceInText(text, secrets));
  }

  #replaceInText(text: string, secrets: readonly string[]): string {
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

/** A text as it is, and as it stands in JSON, in a URL and in a form. */
function spellingsOf(text: string): Set<string> {
  // Half of a surrogate pair cannot stand in a URL.
  const whole = Buffer.from(text).toString();
  const form = new URLSearchParams({ s: whole }).toString().slice(2);
  return new Set([text, JSON.stringify(text).slice(1, -1), encodeURIComponent(whole), form]);
}
