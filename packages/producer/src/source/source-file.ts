import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { SourceInvalid } from '@bullpen/shared';

const PIECE = 256 * 1024;

/** What a file is known again by: its size, and the SHA-256 (hex) of all its bytes. */
export interface Identity {
  readonly bytes: number;
  readonly sha256: string;
}

/** Where a source's bytes come from. */
export interface SourceBytes {
  readonly pieces: AsyncIterable<Buffer>;
  readonly identity: Identity | undefined;
  changed(): Promise<string | undefined>;
  close(): void;
}

/**
 * Opens a regular file and takes its fingerprint. Of a file that grows, what it had when it was
 * opened is read and no more: the rows are those of the fingerprint.
 *
 * @throws SourceInvalid when it cannot be read
 */
export async function openFile(path: string): Promise<SourceBytes> {
  const handle = await open(path).catch((error: Error) => {
    throw new SourceInvalid(`cannot read ${path}: ${error.message}`, { cause: error });
  });
  let isClosed = false;
  let last: Promise<Stats> | undefined;
  /** Closes the file, and keeps what it had become by then. */
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
 * Not a stream: a stream that was closed closes the file too, and then nobody can ask whether it
 * has changed.
 * @throws SourceInvalid when the file ends before byte `size`; Error when it was closed, which must
 *   not look like its end
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
    const buffer = bufferOf(Math.min(PIECE, size - at));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) throw new SourceInvalid(`${path} shrank from ${size} to ${at} bytes while it was read`);
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/**
 * The SHA-256 (hex) of all bytes. Read into one and the same buffer: a new one for each piece is 35
 * MB of garbage before anything is collected.
 */
async function hashOf(handle: FileHandle, path: string, size: number): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(PIECE, size));
  for await (const piece of readPieces(handle, path, size, (bytes) => buffer.subarray(0, bytes))) hash.update(piece);
  return hash.digest('hex');
}

function describeChange(path: string, before: Stats, after: Stats): string | undefined {
  if (after.size === before.size && after.mtimeMs === before.mtimeMs) return undefined;
  const sizes = `from ${before.size} to ${after.size} bytes while it was read`;
  if (after.size > before.size) return `${path} grew ${sizes}; what was added to it was not read`;
  if (after.size < before.size) return `${path} shrank ${sizes}; what is gone may have been read or not`;
  return `${path} was written to while it was read; its rows may be old ones and new ones`;
}
