import { once } from 'node:events';
import { createWriteStream, type Stats } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { OptionsInvalid } from '@bullpen/shared';

/** Where an export goes. */
export interface Output {
  readonly stream: Writable;
  /** All was written: it may be seen. */
  commit(): Promise<void>;
  /** It was not: nothing of it is to be seen. */
  discard(): Promise<void>;
}

/**
 * Opens a file, or the standard output. A file is written beside its name and renamed at the end: under the name that was asked for there is never half of it.
 * @throws OptionsInvalid when it cannot be written
 */
export async function openOutput(path: string | undefined): Promise<Output> {
  if (path === undefined) return standardOutput();
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory() === true) throw wrongOutput(path, 'is a folder');
  return stats === undefined || stats.isFile() ? beside(path, stats) : inPlace(path);
}

function standardOutput(): Output {
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
  const temporary = `${final}.tmp`;
  const stream = createWriteStream(temporary, { mode: stats?.mode ?? 0o666 });
  try {
    await once(stream, 'open');
  } catch (error) {
    throw wrongOutput(path, `cannot be written: ${(error as Error).message}`);
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

function wrongOutput(path: string, what: string): OptionsInvalid {
  return new OptionsInvalid('cannot export', [{ path: '--output', reason: `${path} ${what}` }]);
}
