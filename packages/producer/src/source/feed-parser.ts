import type { Writable } from 'node:stream';

/**
 * Writes a piece of text to a parser that is a stream, and waits until it was parsed. `undefined`
 * ends the text. The parser must give its rows to its owner while it parses. So there is one wait
 * for a piece and not one for each row, and the parser does not read ahead.
 * @throws the parser's error about the text
 */
export function feedParser(parser: Writable, piece: Buffer | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    if (piece === undefined) parser.end(done);
    else parser.write(piece, done);
  });
}
