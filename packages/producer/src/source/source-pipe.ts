import { createReadStream, open, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { SourceInvalid } from '@bullpen/shared';
import type { SourceBytes } from './source-file.js';

/** The bytes of a stream, which nobody can read again: it has no identity. */
export function takeStream(stream: Readable): SourceBytes {
  return {
    pieces: stream,
    identity: undefined,
    changed: async () => undefined,
    close: () => void stream.destroy(),
  };
}

/**
 * Opens what has a path and is no regular file: a named pipe, `/dev/fd/…`, a device. Opened now, so
 * that one we may not read is found before anything else happens.
 * @throws SourceInvalid when it cannot be read
 */
export async function openPipe(path: string, stats: Stats): Promise<SourceBytes> {
  try {
    const fd = await promisify(open)(path, 'r');
    // A read of a file waits in a thread and cannot be ended: one of a pipe in which nothing comes
    // would keep us for ever.
    return takeStream(
      stats.isFIFO() ? new Socket({ fd, readable: true, writable: false }) : createReadStream(path, { fd }),
    );
  } catch (error) {
    throw new SourceInvalid(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}
