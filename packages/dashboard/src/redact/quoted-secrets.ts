/** A secret that is shorter is found by its name alone: in free text it would be any word. */
const SHORTEST = 6;
const MOST_SECRETS = 1_000;
/** A text is compared with what might stand in it for so many characters, all texts of a value together: some tenths of a second. */
const MOST_COMPARED = 100_000_000;
const NOT_SEARCHED = '[not shown: too long to be searched for secrets]';

/** Secrets that begin alike: of each length those that there are. */
interface Alike {
  readonly lengths: number[];
  readonly secrets: Set<string>;
}

/** What was found to be secret in a value, to be taken out of the texts of the same value that quote it. */
export class QuotedSecrets {
  readonly #instead: string;
  /** By their first {@link SHORTEST} characters. */
  readonly #alike = new Map<string, Alike>();
  /** Which hashes of so many characters there are: almost everything in a text is passed over by this. */
  readonly #hashes = new Uint8Array(65_536);
  #count = 0;
  #left = MOST_COMPARED;

  constructor(instead: string) {
    this.#instead = instead;
  }

  /** Remembers the texts and long numbers of a secret. */
  add(secret: unknown): void {
    // Not by recursion: a secret may be nested deeper than a stack.
    const open: unknown[] = [secret];
    while (open.length > 0 && this.#count < MOST_SECRETS) {
      const part = open.pop();
      if (typeof part === 'object' && part !== null) for (const inner of Object.values(part)) open.push(inner);
      else if (typeof part === 'string' || typeof part === 'number') {
        for (const text of waysToWrite(String(part))) this.#remember(text);
      }
    }
  }

  #remember(text: string): void {
    if (text.length < SHORTEST) return;
    const start = text.slice(0, SHORTEST);
    const alike = this.#alike.get(start) ?? { lengths: [], secrets: new Set() };
    if (alike.secrets.has(text)) return;
    this.#alike.set(start, alike);
    let hash = 0;
    for (let at = 0; at < SHORTEST; at += 1) hash = roll(hash, start.charCodeAt(at), 0);
    this.#hashes[slotOf(hash)] = 1;
    alike.secrets.add(text);
    if (!alike.lengths.includes(text.length)) alike.lengths.push(text.length);
    // The longest first: one may be the beginning of another.
    alike.lengths.sort((a, b) => b - a);
    this.#count += 1;
  }

  /** The value, without quotes of what was remembered. */
  takeOut(value: unknown): unknown {
    if (this.#count === 0) return value;
    if (typeof value === 'string') return this.#takeOutOf(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => this.takeOut(item));
    // Names stay: who reads the value relies on them.
    return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, this.takeOut(child)]));
  }

  #takeOutOf(text: string): string {
    let out = '';
    let copied = 0;
    let hash = 0;
    for (let end = 0; end < text.length; end += 1) {
      const at = end - SHORTEST + 1;
      hash = roll(hash, text.charCodeAt(end), at > 0 ? text.charCodeAt(at - 1) : 0);
      if (at < copied || this.#hashes[slotOf(hash)] === 0) continue;
      const alike = this.#alike.get(text.slice(at, end + 1));
      const length = alike === undefined ? 0 : this.#lengthAt(text, at, alike);
      if (this.#left < 0) return NOT_SEARCHED;
      if (length === 0) continue;
      out += text.slice(copied, at) + this.#instead;
      copied = at + length;
    }
    return copied === 0 ? text : out + text.slice(copied);
  }

  /** How long the secret is that stands here; 0 for none. */
  #lengthAt(text: string, at: number, { lengths, secrets }: Alike): number {
    for (const length of lengths) {
      this.#left -= length;
      if (this.#left < 0) return 0;
      if (at + length <= text.length && secrets.has(text.slice(at, at + length))) return length;
    }
    return 0;
  }
}

const FACTOR = 0x01_00_01_93;
let overall = 1;
for (let at = 0; at < SHORTEST; at += 1) overall = Math.imul(overall, FACTOR);

/** A hash of the last {@link SHORTEST} characters, from that of those before: one comes, one leaves. */
const roll = (hash: number, comes: number, leaves: number): number =>
  (Math.imul(hash, FACTOR) + comes - Math.imul(leaves, overall)) | 0;

const slotOf = (hash: number): number => (hash ^ (hash >>> 16)) & 0xff_ff;

/** A text as it is, as it stands in JSON, and as in a URL and a form. */
function waysToWrite(text: string): Set<string> {
  // A half of a pair cannot be written in a URL.
  const whole = Buffer.from(text).toString();
  const form = new URLSearchParams({ s: whole }).toString().slice(2);
  return new Set([text, JSON.stringify(text).slice(1, -1), encodeURIComponent(whole), form]);
}
