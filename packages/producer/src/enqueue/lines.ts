/**
 * So many characters go as text. A longer text goes as bytes: V8 would move it out of its young
 * space before it collects it.
 */
const MOST_AS_TEXT = 8_192;

/**
 * Ids, hashes or payloads for a script: one text, in which each has a line break behind it. None of
 * them has one inside.
 */
export class Lines {
  #text = '';

  add(line: string): void {
    this.#text += `${line}\n`;
  }

  /** The text as an argument of a script. */
  toArg(): string | Buffer {
    return this.#text.length > MOST_AS_TEXT ? Buffer.from(this.#text) : this.#text;
  }
}
