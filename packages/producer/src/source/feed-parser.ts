import type { Writable } from 'node:stream';

/**
 * Hands a piece to a parser that is a stream, and waits until it was parsed; `undefined` says that
 * there are no more. What the parser finds, it tells its owner while it parses: one wait for a
 * piece instead of one for each row, and nothing is read ahead.
 * @throws what the parser says is wrong with the text
 */
export function feed(parser: Writable, piece: Buffer | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    if (piece === undefined) parser.end(done);
    else parser.write(piece, done);
  });
}
