const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/**
 * Cuts the text of a JSON array into the texts of its elements. It only looks for their ends;
 * `JSON.parse` then says whether each of them is JSON.
 *
 * We look for the ends ourselves because a parser of streams gives values and no texts, and a value
 * cannot hold every number that a text can. It is also faster: an element of 110 bytes takes 1 µs,
 * and with stream-json it takes 5 µs.
 */
export class JsonElements {
  /** What is wrong with the text outside of the elements. */
  fault: string | undefined;
  /** Whether the array has ended. */
  isAtEnd = false;
  /** How many bytes of an element there are whose end has not come yet. */
  openBytes = 0;
  #pieces: Buffer[] = [];
  /** How many brackets are open: 0 outside the array, 1 between its elements. */
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  /** Whether a comma was read, so that the array is not empty. */
  #hasComma = false;

  /** Returns the texts of the elements that end in a piece. A text may be blank. */
  read(piece: Buffer): Buffer[] {
    const ended: Buffer[] = [];
    let from = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const byte = piece[at] as number;
      if (this.#isInString) this.#passInString(byte);
      else if (this.#depth === 0) {
        if (isBlank(byte)) continue;
        if (byte !== OPEN_LIST || this.isAtEnd) {
          this.fault = this.isAtEnd ? 'more text follows the array' : 'the text does not begin with [';
          return ended;
        }
        this.#depth = 1;
        from = at + 1;
      } else if (this.#depth === 1 && (byte === COMMA || byte === CLOSE_LIST)) {
        this.#keep(piece.subarray(from, at));
        from = at + 1;
        this.#hasComma ||= byte === COMMA;
        const text = this.#take();
        this.isAtEnd = byte === CLOSE_LIST;
        if (this.isAtEnd) this.#depth = 0;
        if (!this.isAtEnd || this.#hasComma || !text.every(isBlank)) ended.push(text);
      } else this.#passOutside(byte);
    }
    if (this.#depth > 0) this.#keep(piece.subarray(from));
    return ended;
  }

  #passInString(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) this.#isInString = false;
  }

  #passOutside(byte: number): void {
    if (byte === QUOTE) this.#isInString = true;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) this.#depth += 1;
    // Below 1 the text is wrong. It stays in the element, and `JSON.parse` says so.
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) this.#depth = Math.max(1, this.#depth - 1);
  }

  #keep(bytes: Buffer): void {
    if (bytes.length > 0) this.#pieces.push(bytes);
    this.openBytes += bytes.length;
  }

  #take(): Buffer {
    const text = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.openBytes = 0;
    return text;
  }
}
