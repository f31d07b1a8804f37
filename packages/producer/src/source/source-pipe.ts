import { createReadStream, open, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { SourceInvalid } from '@bullpen/shared';
import type { SourceBytes } from './source-bytes.js';

/** The bytes of a stream. It has no identity, because nobody can read it twice. */
export function takeStream(stream: Readable): SourceBytes {
  return {
    pieces: stream,
    identity: undefined,
    changed: async () => undefined,
    close: () => void stream.destroy(),
  };
}

/**
 * Opens a path that is no regular file: a named pipe, `/dev/fd/…`, a device. It is opened at once,
 * so that a missing permission shows before anything else happens.
 * @throws SourceInvalid when it cannot be read
 */
export async function openPipe(path: string, stats: Stats): Promise<SourceBytes> {
  try {
    const fd = await promisify(open)(path, 'r');
    // Node reads a file in a thread, and nothing can end that read. On a pipe into which nobody
    // writes, it would keep the process alive for ever. A socket can be closed.
    return takeStream(
      stats.isFIFO() ? new Socket({ fd, readable: true, writable: false }) : createReadStream(path, { fd }),
    );
  } catch (error) {
    throw new SourceInvalid(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}
