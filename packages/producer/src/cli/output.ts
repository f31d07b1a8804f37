import { once } from 'node:events';
import { createWriteStream, type Stats } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';

/** Where rows are written for people: an export, rejected rows. */
export interface Output {
  readonly stream: Writable;
  /** All was written, and the stream has ended: it may be seen. */
  commit(): Promise<void>;
  /** It was not: nothing of it is to be seen, and what stood there before stays. */
  discard(): Promise<void>;
}

/** Thrown for a file that cannot be written, as the option that named it is to say. */
export class OutputInvalid extends Error {}

/**
 * Opens a file to be written beside its name and renamed at the end: under the name that was asked
 * for there is never half of it, and what was there stays until then.
 * @throws OutputInvalid when it cannot be written
 */
export async function openOutput(path: string): Promise<Output> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory() === true) throw new OutputInvalid(`cannot write ${path}: it is a folder`);
  return stats === undefined || stats.isFile() ? beside(path, stats) : inPlace(path);
}

/** The standard output: what was written there was seen. */
export function standardOutput(): Output {
  return {
    stream: process.stdout,
    // A pipe may take its time, and the process ends when we are through.
    commit: () => new Promise((resolve) => process.stdout.write('', () => resolve())),
    discard: async () => undefined,
  };
}

/** A device or a named pipe: to rename something onto it would take its place. */
function inPlace(path: string): Output {
  return { stream: createWriteStream(path), commit: async () => undefined, discard: async () => undefined };
}

async function beside(path: string, stats: Stats | undefined): Promise<Output> {
  // Through a link: it is to go on pointing at what it points at.
  const final = stats === undefined ? path : await realpath(path);
  // Two runs by mistake at the same time write a file each; the last one to end is seen.
  const temporary = `${final}.${process.pid}.tmp`;
  const stream = createWriteStream(temporary, { mode: stats?.mode ?? 0o666 });
  try {
    await once(stream, 'open');
  } catch (error) {
    throw new OutputInvalid(`cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
  return {
    stream,
    async commit() {
      // On disk before it has its name: also after a power cut there is all of it, or nothing.
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
