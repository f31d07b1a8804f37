import { once } from 'node:events';
import { createWriteStream, type Stats } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';

/** A file or stream that rows are written to: an export, or rejected rows. */
export interface Output {
  readonly stream: Writable;
  /** Gives the file its name. Call it when everything is written and the stream has ended. */
  commit(): Promise<void>;
  /** Removes what was written; a file that had the name before stays. */
  discard(): Promise<void>;
}

/** Thrown for a file that cannot be written. The caller adds the name of the option. */
export class OutputInvalid extends Error {}

/**
 * Opens a temporary file beside the one that is asked for, and renames it at the end. So the name
 * never holds half a file, and a file that had the name before stays until then.
 * @throws OutputInvalid when the file cannot be written
 */
export async function openOutput(path: string): Promise<Output> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory() === true) throw new OutputInvalid(`cannot write ${path}: it is a folder`);
  return stats === undefined || stats.isFile() ? beside(path, stats) : inPlace(path);
}

/** The standard output. What was written to it cannot be discarded. */
export function standardOutput(): Output {
  return {
    stream: process.stdout,
    // Waits until a slow pipe has taken everything, because the process exits afterwards.
    commit: () => new Promise((resolve) => process.stdout.write('', () => resolve())),
    discard: async () => undefined,
  };
}

/** A device or a named pipe is written directly: a renamed file would replace it. */
function inPlace(path: string): Output {
  return { stream: createWriteStream(path), commit: async () => undefined, discard: async () => undefined };
}

async function beside(path: string, stats: Stats | undefined): Promise<Output> {
  // A link is followed, so that it stays a link.
  const final = stats === undefined ? path : await realpath(path);
  // Two runs at the same time write a temporary file each; the one that ends last wins.
  const temporary = `${final}.${process.pid}.tmp`;
  const stream = createWriteStream(temporary, { mode: stats?.mode ?? 0o666 });
  try {
    await once(stream, 'open');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? `there is no folder ${dirname(path)}` : message;
    throw new OutputInvalid(`cannot write ${path}: ${why}`, { cause: error });
  }
  return {
    stream,
    async commit() {
      // The file is on disk before it gets its name, so that after a power cut it is complete or
      // absent.
      const file = await open(temporary, 'r+');
      await file.sync().finally(() => file.close());
      await rename(temporary, final);
    },
    async discard() {
      stream.destroy();
      await rm(temporary, { force: true });
    },
  };
}
