import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { SourceInvalid } from '@bullpen/shared';
import type { SourceBytes } from './source-bytes.js';

const PIECE_BYTES = 256 * 1024;

/**
 * Opens a regular file and computes its identity. When the file grows later, only the bytes that it
 * had at the opening are read: the rows are then those of the identity.
 * @throws SourceInvalid when the file cannot be read
 */
export async function openFile(path: string): Promise<SourceBytes> {
  const handle = await open(path).catch((error: Error) => {
    throw new SourceInvalid(`cannot read ${path}: ${error.message}`, { cause: error });
  });
  let isClosed = false;
  let last: Promise<Stats> | undefined;
  /** Closes the file. Remembers its size and time as they were then. */
  const close = (): Promise<Stats> => {
    isClosed = true;
    last ??= handle.stat().finally(() => handle.close());
    return last;
  };
  try {
    const before = await handle.stat();
    const sha256 = await hashOf(handle, path, before.size);
    async function* pieces(): AsyncGenerator<Buffer> {
      try {
        yield* readPieces(handle, path, before.size, Buffer.allocUnsafe, () => isClosed);
      } finally {
        await close();
      }
    }
    return {
      pieces: pieces(),
      identity: { bytes: before.size, sha256 },
      changed: async () => describeChange(path, before, await (last ?? handle.stat())),
      close: () => void close().catch(() => undefined),
    };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

/**
 * Reads a file in pieces. It is not a stream, because a stream closes the file when it is
 * destroyed, and then nobody can ask whether the file has changed.
 * @throws SourceInvalid when the file ends before byte `size`; Error when the file was closed,
 *   which must not look like its end
 */
async function* readPieces(
  handle: FileHandle,
  path: string,
  size: number,
  bufferOf: (bytes: number) => Buffer,
  isClosed: () => boolean = () => false,
): AsyncGenerator<Buffer> {
  for (let at = 0; at < size; ) {
    if (isClosed()) throw new Error(`${path} was closed while it was read`);
    const buffer = bufferOf(Math.min(PIECE_BYTES, size - at));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) throw new SourceInvalid(`${path} shrank from ${size} to ${at} bytes while it was read`);
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/**
 * The SHA-256 (hex) of all bytes. All pieces are read into one buffer. A new buffer for each piece
 * makes 35 MB of garbage before V8 collects any.
 */
async function hashOf(handle: FileHandle, path: string, size: number): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, size));
  for await (const piece of readPieces(handle, path, size, (bytes) => buffer.subarray(0, bytes))) hash.update(piece);
  return hash.digest('hex');
}

function describeChange(path: string, before: Stats, after: Stats): string | undefined {
  if (after.size === before.size && after.mtimeMs === before.mtimeMs) return undefined;
  const sizes = `from ${before.size} to ${after.size} bytes while it was read`;
  if (after.size > before.size) return `${path} grew ${sizes}; what was added to it was not read`;
  if (after.size < before.size) return `${path} shrank ${sizes}; the missing bytes may or may not have been read`;
  return `${path} was written to while it was read; some of its rows may be old and some new`;
}
